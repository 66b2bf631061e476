"""The writer when a commit is lost: every caller of the group hears of it."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from storage import jobs
from storage.database import Database, NotStored, Unit
from tests.builders import NOON
from tests.storage.writing import behind_a_gate, periods, take

#: By whether the database is PostgreSQL.
DEFER = {
    False: "PRAGMA defer_foreign_keys = ON",
    True: "ALTER TABLE job_periods ALTER CONSTRAINT fk_job_periods_school_id DEFERRABLE INITIALLY DEFERRED",
}


async def test_every_caller_errs_when_the_commit_fails(writing: Database) -> None:
    """A deferred constraint is judged at COMMIT: the whole group is lost."""

    def break_at_commit(unit: Unit) -> None:
        unit.core.execute(text(DEFER[unit.shared]))
        jobs.claim_period(unit, 404, "job", "no such school", NOON)

    results = await behind_a_gate(writing, [take("one"), break_at_commit, take("two")])
    assert [type(result) for result in results] == [NotStored] * 3
    for result in results:
        assert isinstance(result, NotStored)
        assert isinstance(result.__cause__, IntegrityError)
        assert (str(result), result.unknown) == ("Nothing of this was stored.", False)
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
