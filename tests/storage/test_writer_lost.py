"""The writer when a commit is lost: every caller of the group hears of it."""

from __future__ import annotations

import asyncio

from storage import jobs
from storage.database import Database, NotStored, Unit
from tests.builders import NOON
from tests.storage.conftest import OpenAgain
from tests.storage.writing import Gate, behind_a_gate, periods, take


async def test_every_caller_errs_when_the_commit_fails(writing: Database) -> None:
    """A deferred constraint is judged at COMMIT: the whole group is lost."""

    def break_at_commit(unit: Unit) -> None:
        unit.core.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        jobs.claim_period(unit, 404, "job", "no such school", NOON)

    results = await behind_a_gate(writing, [take("one"), break_at_commit, take("two")])
    assert [type(result) for result in results] == [NotStored] * 3
    assert all(isinstance(result, NotStored) and result.__cause__ is not None for result in results)
    assert await writing.read(periods) == []
    assert await writing.write(take("the next commit is well"))


async def test_every_caller_errs_when_the_transaction_is_gone(writing: Database) -> None:
    def lose_it(unit: Unit) -> None:
        unit.core.exec_driver_sql("ROLLBACK")
        raise OSError("the disk is gone")

    results = await behind_a_gate(writing, [take("one"), lose_it, take("two")])
    assert [type(result) for result in results[:2]] == [NotStored] * 2
    assert isinstance(results[1], NotStored)
    assert isinstance(results[1].__cause__, OSError)
    stored = await writing.read(periods)
    assert stored == (["two"] if results[2] is True else [])


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
    assert await writing.write(take("later"))
