"""Two processes that change the same rows in opposite order: both end with everything stored once."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from asyncio.subprocess import PIPE
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from storage.database import Unit
from tests.builders import a_school
from tests.storage.conftest import OpenAgain
from tests.storage.opposite import Opposite
from tests.storage.writing import take

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.parametrize("url", ["postgres"], indirect=True)


def who_wrote(unit: Unit) -> list[str]:
    return list(unit.core.execute(text("SELECT actor FROM audit_records ORDER BY actor")).scalars())


@pytest.mark.parametrize(
    ("lock_timeout", "deadlock_timeout", "met"),
    [("100ms", "10s", "55P03"), ("0", "10ms", "40P01")],
    ids=["the wait ends first", "the deadlock is seen first"],
)
async def test_opposite_orders_end_with_both_stored_once(
    url: str, open_again: OpenAgain, lock_timeout: str, deadlock_timeout: str, met: str
) -> None:
    with psycopg.connect(url, autocommit=True) as owner:
        name, seen_after = owner.info.dbname, deadlock_timeout
        owner.execute(f"ALTER DATABASE {name} SET deadlock_timeout = '{seen_after}'".encode())
    here = open_again()
    for work in (a_school, take("a"), take("b")):
        await here.write(work)

    holding, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        holding.set()
        assert go_on.wait(60)

    unit = Opposite("here", "a", "b", lock_timeout, holding=hold)
    asked = asyncio.ensure_future(here.write(unit))
    there = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.storage.opposite", url, "there", "b", "a", lock_timeout,
        stdin=PIPE, stdout=PIPE, cwd=ROOT,
    )  # fmt: skip
    assert there.stdin is not None
    assert there.stdout is not None
    assert await there.stdout.readline() == b"holding\n"
    assert await asyncio.to_thread(holding.wait, 10)
    there.stdin.write(b"go on\n")
    go_on.set()
    await asked
    said, _ = await there.communicate()
    assert there.returncode == 0
    assert met in unit.met + json.loads(said)
    assert await here.read(who_wrote) == ["here", "there"]
