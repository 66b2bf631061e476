"""The writer on SQLite: a full disk, a lock that another process keeps, a sync that fails."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from storage.database import Database, NotStored
from storage.transactions import is_unanswered
from tests.storage.conftest import OpenAgain
from tests.storage.writing import Gate, take

ROOT = Path(__file__).parents[2]
NOTHING = "Nothing of this was stored.False"
pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


async def test_a_full_disk_is_told_to_everybody_in_the_group_and_heals(url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.storage.full_disk", url, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    said = json.loads(output)
    assert said["at commit"] == [NOTHING] * 3
    # The transaction ends with the second unit: the third is taken up by the next one, which has room for it.
    assert said["while it runs"] == [NOTHING] * 2 + ["'while it runs: after'"]
    assert said["stored"] == ["first", "while it runs: after"]
    assert said["healed"] == ["healed", "first", "healed", "while it runs: after"]


async def test_while_another_process_keeps_the_lock_everybody_who_waits_errs_together(
    writing: Database, open_again: OpenAgain
) -> None:
    other = open_again()
    await writing.write(lambda unit: unit.core.exec_driver_sql("PRAGMA busy_timeout = 20").close())
    gate = Gate()
    held = asyncio.ensure_future(other.write(gate))
    await asyncio.to_thread(gate.entered.wait, 10)
    waiting = [asyncio.ensure_future(writing.write(take(f"{n}"))) for n in range(10)]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    gate.opened.set()
    assert await held == "gate"
    assert [type(result) for result in results] == [NotStored] * 10
    assert not any(isinstance(result, NotStored) and result.unknown for result in results)
    assert await writing.write(take("later"))


@pytest.mark.parametrize(
    ("name", "unknown"), [("SQLITE_IOERR_FSYNC", True), ("SQLITE_IOERR_WRITE", False), ("SQLITE_FULL", False)]
)
def test_only_after_a_failed_sync_is_it_unknown_whether_a_commit_is_on_disk(
    database: Database, name: str, unknown: bool
) -> None:
    said = sqlite3.OperationalError("disk I/O error")
    said.sqlite_errorname = name
    with database.write_engine.connect() as connection:
        assert is_unanswered(connection, OperationalError("COMMIT", None, said)) is unknown
