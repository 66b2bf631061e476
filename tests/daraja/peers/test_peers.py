"""What other clients of Daraja get wrong: ours passes each check, and a client with that one fault does not."""

from __future__ import annotations

import inspect
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.daraja.peers.table import CASES, FAULTY_MODULES, Case

ROWS: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("faults.toml").read_text("utf-8"))["row"]
PAIRS = [(name, case, faulty) for name, case in CASES.items() for faulty in case.faulty]


async def _checked(case: Case, subject: Any) -> None:
    ended = case.check(subject)
    if inspect.isawaitable(ended):
        await ended


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_ours_does_not_have_the_fault(case: Case) -> None:
    await _checked(case, case.ours)


@pytest.mark.parametrize(
    ("case", "faulty"),
    [(case, faulty) for _, case, faulty in PAIRS],
    ids=[f"{name} ({faulty.__name__})" for name, _, faulty in PAIRS],
)
async def test_a_faulty_one_is_caught(case: Case, faulty: Any) -> None:
    with pytest.raises(AssertionError):
        await _checked(case, faulty)


@pytest.mark.parametrize("row", ROWS, ids=[row["row"] for row in ROWS])
def test_each_row_of_the_list_is_held(row: dict[str, Any]) -> None:
    assert row["fact"]
    checks = row.get("checks", [])
    assert [name for name in checks if name not in CASES] == []
    if not checks:
        assert any((Path(__file__).parents[3] / row["elsewhere"]).iterdir())


def test_the_list_is_whole() -> None:
    rows = [row["row"] for row in ROWS]
    assert len(set(rows)) == len(rows)
    assert {f"4.{number}" for number in range(1, 15)} <= set(rows)
    assert sum(row.startswith("5.") for row in rows) == 13
    assert {row.partition(".")[0] for row in rows} == {"1", "4", "5"}
    assert {name for row in ROWS for name in row.get("checks", [])} == set(CASES)


def test_each_faulty_one_is_used() -> None:
    made = {
        name
        for module in FAULTY_MODULES
        for name, thing in vars(module).items()
        if getattr(thing, "__module__", "") == module.__name__
        and not name.startswith("_")
        and callable(thing)
    }
    assert made - {faulty.__name__ for _, _, faulty in PAIRS} == {"Rewrites"}
