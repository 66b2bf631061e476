"""docs/daraja.md: its code runs as it stands, its tables name what there is."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from daraja import DarajaClient, errors
from daraja.simulator import SimulatorConfig, SimulatorServer
from tests.daraja.test_standalone import run

PAGE = (Path(__file__).parents[2] / "docs" / "daraja.md").read_text(encoding="utf-8")
CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]


async def test_the_code_of_the_page_pays() -> None:
    config = SimulatorConfig(prompt_s=0, callback_delay_s=0)
    async with SimulatorServer(config) as server:
        environment = {
            "KEY": config.consumer_key,
            "SECRET": config.consumer_secret,
            "SHORTCODE": config.shortcode,
            "PASSKEY": config.passkey,
            "DARAJA": server.url,
            "CALLBACK": "http://127.0.0.1:9/paid",
        }
        assert await run(CODE, **environment) == "paid"
        assert [movement.amount_kes for movement in server.simulator.books.movements] == [1500]


def test_the_code_is_as_short_as_the_page_says() -> None:
    assert len([line for line in CODE.splitlines() if line.strip()]) <= 24


def test_every_call_stands_in_the_table() -> None:
    table = PAGE.partition("## Every call")[2].partition("\n## ")[0]
    told = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    calls = {name for name, _ in inspect.getmembers(DarajaClient, inspect.isfunction) if name[0] != "_"}
    assert told == calls


def test_every_error_stands_in_the_tree() -> None:
    tree = PAGE.partition("## Errors")[2].partition("\n## ")[0]
    known = {
        name
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if kind.__module__ == errors.__name__
    }
    assert {name for name in known if name not in tree} == set()
    assert {name for name in known if name not in (errors.__doc__ or "")} == set()
