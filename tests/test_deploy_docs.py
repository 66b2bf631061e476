"""What a system administrator copies: every command, option, setting, path and unit in the pages is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import Route
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from bot.cli import app
from bot.services.callbacks import CallbackVerdict
from bot.settings import Settings
from bot.web import create_web
from bot.web.updates import telegram_route

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "docs" / "deploy"
UNITS = sorted((*DEPLOY.glob("*.service"), *DEPLOY.glob("*.target")))
OPERATIONS = ROOT / "docs" / "operations.md"
PAGES = [OPERATIONS, ROOT / "README.md", ROOT / "docs" / "metrics.md"]
ALERTS = ROOT / "docs" / "alerts.yml"
NGINX = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
CADDY = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
SYSTEMS_OWN = {"network-online.target", "multi-user.target", "postgresql.service"}

#: `karo` where a shell would run it: at the beginning, after && or sudo, or after settings for this once.
_RUN = re.compile(
    r"(?:^|&& |sudo -u karo )\s*(?:[A-Z_]+=\S+ )*(?:\S*/karo|karo|\S*python -m bot) +([^#&;<>]+)"
)


def name_of(path: Path) -> str:
    return path.name


def in_code(page: str) -> Iterator[str]:
    """Each line of a block of code, and each piece of code inside a line."""
    for number, part in enumerate(re.split(r"^\s*```\w*\n", page, flags=re.MULTILINE)):
        yield from part.splitlines() if number % 2 else re.findall(r"`([^`\n]+)`", part)


def command_at(words: list[str]) -> tuple[TyperCommand | None, list[str]]:
    """The command that the words begin with, and what follows it; None when there is no such command."""
    command: object = get_command(app)
    while isinstance(command, TyperGroup) and words:
        command, words = command.commands.get(words[0]), words[1:]
    return (command if isinstance(command, TyperCommand) else None), words


def wrong_in(line: str) -> list[str]:
    """What such a line names that is not there."""
    words = re.sub(r"[\[\]]", "", line).split()
    if words[0] == "COMMAND" or words == ["--help"]:
        return []
    command, rest = command_at(words)
    if command is None:
        return [line]
    known = {option for param in command.params for option in param.opts}
    return [f"{line}: {word}" for word in rest if word.startswith("-") and word not in known]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_and_option_in_a_page_exists(page: Path) -> None:
    lines = [found for code in in_code(page.read_text(encoding="utf-8")) for found in _RUN.findall(code)]
    assert [wrong for line in lines for wrong in wrong_in(line)] == []
    assert len(lines) >= {"operations.md": 40, "README.md": 20, "metrics.md": 4}[page.name]


def test_every_command_in_the_alerts_exists() -> None:
    named = set(re.findall(r"\bkaro ([a-z]+)", ALERTS.read_text(encoding="utf-8")))
    assert {"run", "web", "attention"} <= named
    assert [word for word in sorted(named) if command_at([word])[0] is None] == []


@pytest.mark.parametrize("file", [*PAGES, ALERTS, ROOT / ".env.example", *DEPLOY.iterdir()], ids=name_of)
def test_every_setting_in_a_file_exists(file: Path) -> None:
    settings = {name.upper() for name in Settings.model_fields}
    named = set(re.findall(r"\b[A-Z]{2,}(?:_[A-Z]+)+\b", file.read_text(encoding="utf-8")))
    assert {name for name in named if name.removesuffix("_FILE") not in settings} <= {"NAME_FILE"}


@pytest.mark.parametrize("unit", UNITS, ids=name_of)
def test_a_unit_starts_what_exists(unit: Path) -> None:
    said = re.findall(r"^([A-Za-z]+)=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    units = {other.name for other in UNITS} | SYSTEMS_OWN
    assert unit.read_text(encoding="utf-8").partition("\n")[0].endswith(f"/etc/systemd/system/{unit.name}")
    for name, value in said:
        if name == "ExecStart":
            path, *words = value.split()
            assert path == "/srv/karo/.venv/bin/karo"
            command, rest = command_at(words)
            assert command is not None
            assert rest == []
        elif name == "Environment":
            assert {pair.partition("=")[0].lower() for pair in value.split()} <= set(Settings.model_fields)
        elif name in {"After", "Wants", "PartOf", "WantedBy"}:
            assert set(value.split()) <= units


def test_each_process_of_the_page_has_its_unit() -> None:
    named = set(re.findall(r"\bkaro(?:-[a-z]+@|\.target)", OPERATIONS.read_text(encoding="utf-8")))
    assert {name if name.endswith(".target") else f"{name}.service" for name in named} == {
        unit.name for unit in UNITS if unit.name != "karo.service"
    }


def strangers() -> set[str]:
    """The first part of each path that M-PESA and Telegram call: what is POSTed to."""

    async def callback(_token: str, _body: bytes) -> CallbackVerdict:
        raise AssertionError

    async def ready() -> bool:
        raise AssertionError

    async def store(_body: bytes) -> str | None:
        raise AssertionError

    updates = telegram_route("path", "header", store, lambda _address: None)
    routes = [
        route for route in create_web(callback, ready, more=[updates]).routes if isinstance(route, Route)
    ]
    return {f"/{route.path.split('/')[1]}/" for route in routes if "POST" in (route.methods or ())}


def test_the_proxies_pass_on_what_strangers_may_call_and_nothing_else() -> None:
    passed = re.findall(r"location (\S+) \{[^}]*proxy_pass http://karo;", NGINX)
    [matcher] = re.findall(r"^\s*@karo path (.+)$", CADDY, re.MULTILINE)
    assert set(passed) == {path.removesuffix("*") for path in matcher.split()} == strangers()
    assert NGINX.count("proxy_pass") == len(passed)
    assert re.search(
        r"handle @karo \{\s*reverse_proxy", CADDY
    )  # a bare `respond` comes before any `reverse_proxy`
    assert re.search(r"handle \{\s*respond 404", CADDY)


def test_the_proxies_lead_to_the_ports_of_the_page_and_keep_the_paths_to_themselves() -> None:
    ports = set(re.findall(r"karo-web@(\d+)", OPERATIONS.read_text(encoding="utf-8")))
    assert set(re.findall(r"server 127\.0\.0\.1:(\d+) max_fails=0;", NGINX)) == ports
    assert set(re.findall(r"127\.0\.0\.1:(\d+)", CADDY)) == ports
    assert re.search(r"^\s*access_log off;", NGINX, re.MULTILINE)
    assert re.search(r"^\s*error_log \S+ crit;", NGINX, re.MULTILINE)
    assert re.search(r"^\s*exclude http\.log\.error\b", CADDY, re.MULTILINE)


def test_the_alerts_are_the_plain_sort_of_yaml() -> None:
    """Keys at their depth, and texts that need no quotes: no YAML library is among the things tests need."""
    text = r"(?![\[\]{}&*!|>'\"%@`#-])(?:(?!: | #).)+"
    shapes = [
        r"groups:|  - name: karo|    rules:",
        r"      - alert: [A-Za-z]+",
        rf"        expr: (?:>-|{text})|          {text}",
        r"        for: \d+[mh]|        labels: \{severity: [a-z]+\}|        annotations:",
        rf"          (?:summary|money|action): {text}",
    ]
    plain = re.compile("|".join(f"(?:{shape})" for shape in shapes))
    lines = [line for line in ALERTS.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    assert [line for line in lines if not plain.fullmatch(line)] == []
