"""Every metric is explained, and every alert asks for metrics that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.web.gauges import GAUGES
from tests.bot.web.measuring import measuring

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "metrics.md").read_text(encoding="utf-8")
ALERTS = (DOCS / "alerts.yml").read_text(encoding="utf-8")
TOLD = dict(
    re.findall(r"^\| `(karo_[a-z_]+)(?:\{[a-z,]+\})?` \| (gauge|counter|histogram) \|", PAGE, re.MULTILINE)
)
RULES = re.split(r"^      - alert: ", ALERTS, flags=re.MULTILINE)[1:]


async def test_each_metric_stands_in_the_table_and_each_line_is_a_metric(tmp_path: Path) -> None:
    async with measuring(tmp_path) as here:
        kinds = here.metrics.kinds()
    assert kinds == TOLD
    assert len(TOLD) > 40


@pytest.mark.parametrize("gauge", GAUGES, ids=lambda gauge: gauge.name)
def test_its_labels_stand_there_too(gauge: object) -> None:
    assert isinstance(gauge, type(GAUGES[0]))
    labels = f"{{{','.join(gauge.labels)}}}" if gauge.labels else ""
    assert f"| `{gauge.name}{labels}` |" in PAGE


def test_each_line_says_what_it_means() -> None:
    lines = re.findall(r"^\| `karo_.*$", PAGE, re.MULTILINE)
    assert [line for line in lines if len(line.split(" | ")) != 4 or not line.split(" | ")[2].strip()] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.split("\n")[0])
def test_an_alert_asks_for_metrics_that_exist_and_says_what_to_do(rule: str) -> None:
    expression = rule.partition("expr:")[2].partition("\n        for: ")[0]
    asked = set(re.findall(r"karo_[a-z_]+", expression))
    known = set(TOLD) | {f"{name}_{part}" for name in TOLD for part in ("bucket", "count", "sum")}
    assert asked
    assert asked <= known
    assert re.search(r"^        for: \d+[mh]$", rule, re.MULTILINE)
    assert re.search(r"severity: (critical|warning|info)\}$", rule, re.MULTILINE)
    for saying in ("summary", "money", "action"):
        assert re.search(rf"^          {saying}: [A-Z].{{20,}}[.?]$", rule, re.MULTILINE)


def test_an_alert_named_in_the_page_exists() -> None:
    names = {rule.split("\n")[0] for rule in RULES}
    assert len(names) == len(RULES) > 20
    assert set(re.findall(r"\bKaro[A-Z][A-Za-z]+", PAGE + ALERTS)) <= names
