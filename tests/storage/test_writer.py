"""The writer: one commit for many, and every caller told the truth about it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import IntegrityError, OperationalError

from storage import jobs, people, schools
from storage.database import Database, DatabaseClosed, NestedUnit, NotStored, Unit
from storage.writer import AT_MOST
from tests.builders import NOON, a_school
from tests.storage.conftest import OpenAgain

Work = Callable[[Unit], object]


class Gate:
    """A unit of work that keeps the writer busy until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, unit: Unit) -> str:
        self.entered.set()
        assert self.opened.wait(10)
        return "gate"


@pytest.fixture
def timer() -> Callable[[], float]:
    """The writer's timer: it stands still, so that only the count limits a group."""
    return lambda: 0.0


@pytest.fixture
def writing(database: Database, timer: Callable[[], float]) -> Iterator[Database]:
    """A database with a school in it, whose writer goes by the test's timer."""
    slow = Database(database.write_engine, database.read_engine, database.vault, timer=timer)
    asyncio.run(slow.write(a_school))
    yield slow
    slow.close()


@pytest.fixture
def commits(writing: Database) -> Iterator[list[int]]:
    """Grows by one with each commit of the writer."""
    seen: list[int] = []

    def note(_connection: Connection) -> None:
        seen.append(len(seen) + 1)

    event.listen(writing.write_engine, "commit", note)
    yield seen
    event.remove(writing.write_engine, "commit", note)


def take(period: str) -> Work:
    """A small unit of work that leaves a row."""
    return lambda unit: jobs.claim_period(unit, 1, "job", period, NOON)


def periods(unit: Unit) -> list[str]:
    """The rows that those left."""
    return list(unit.core.exec_driver_sql("SELECT period FROM job_periods ORDER BY period").scalars())


async def behind_a_gate(database: Database, units: list[Work]) -> list[object]:
    """Runs the units while the writer is held up, so that they wait together; results and errors in order."""
    gate = Gate()
    held = asyncio.ensure_future(database.write(gate))
    await asyncio.to_thread(gate.entered.wait, 10)
    waiting = [asyncio.ensure_future(database.write(unit)) for unit in units]
    await asyncio.sleep(0)  # now each has put its work into the queue
    gate.opened.set()
    return list(await asyncio.gather(held, *waiting, return_exceptions=True))[1:]


async def test_units_that_wait_together_share_one_commit(writing: Database, commits: list[int]) -> None:
    results = await behind_a_gate(writing, [take(f"{n:02}") for n in range(20)])
    assert results == [True] * 20
    assert commits == [1]
    assert len(await writing.read(periods)) == 20


async def test_a_commit_takes_at_most_fifty_units(writing: Database, commits: list[int]) -> None:
    await behind_a_gate(writing, [take(f"{n:03}") for n in range(AT_MOST + 10)])
    assert commits == [1, 2]
    assert len(await writing.read(periods)) == AT_MOST + 10


class TestSlowWork:
    """Each look at the timer finds 11 ms gone."""

    @pytest.fixture
    def timer(self) -> Callable[[], float]:
        """Two units, and the 20 ms are over."""
        steps = itertools.count()
        return lambda: next(steps) * 0.011

    async def test_a_commit_takes_nothing_more_after_20_ms(
        self, writing: Database, commits: list[int]
    ) -> None:
        await behind_a_gate(writing, [take(str(n)) for n in range(5)])
        assert commits == [1, 2, 3]


async def test_a_failing_unit_undoes_itself_alone(writing: Database, commits: list[int]) -> None:
    def write_then_fail(unit: Unit) -> None:
        take("in vain")(unit)
        raise ValueError("no")

    results = await behind_a_gate(writing, [take("before"), write_then_fail, take("after")])
    assert results[0] is True
    assert isinstance(results[1], ValueError)
    assert results[2] is True
    assert commits == [1]
    assert await writing.read(periods) == ["after", "before"]


async def test_a_broken_constraint_undoes_its_unit_alone(writing: Database) -> None:
    def break_one(unit: Unit) -> None:
        take("in vain")(unit)
        jobs.claim_period(unit, 404, "job", "no such school", NOON)

    results = await behind_a_gate(writing, [take("before"), break_one, take("after")])
    assert isinstance(results[1], IntegrityError)
    assert await writing.read(periods) == ["after", "before"]


async def test_a_unit_that_swallows_a_broken_flush_is_told_that_nothing_was_stored(
    writing: Database,
) -> None:
    def swallow(unit: Unit) -> str:
        take("in vain")(unit)
        with contextlib.suppress(IntegrityError):
            people.add_staff(unit, 404, "of no school", "staff", NOON)
        return "all well"

    results = await behind_a_gate(writing, [take("before"), swallow, take("after")])
    assert results[0] is results[2] is True
    assert isinstance(results[1], Exception)
    assert await writing.read(periods) == ["after", "before"]


async def test_what_the_session_still_held_back_is_stored(writing: Database) -> None:
    def rename(unit: Unit) -> None:
        school = schools.first(unit)
        assert school is not None
        school.name = "Umoja School"

    await writing.write(rename)
    school = await writing.read(schools.first)
    assert school is not None
    assert school.name == "Umoja School"


async def test_a_cancelled_caller_does_not_cancel_its_unit(writing: Database) -> None:
    gate = Gate()
    held = asyncio.ensure_future(writing.write(gate))
    await asyncio.to_thread(gate.entered.wait, 10)
    impatient = asyncio.ensure_future(writing.write(take("done anyway")))
    await asyncio.sleep(0)
    impatient.cancel()
    gate.opened.set()
    await held
    with pytest.raises(asyncio.CancelledError):
        await impatient
    await writing.write(lambda unit: None)
    assert await writing.read(periods) == ["done anyway"]


async def test_a_unit_inside_a_unit_is_refused(writing: Database) -> None:
    def nested(unit: Unit) -> None:
        writing.write(take("never")).close()

    def reading(unit: Unit) -> None:
        writing.read(periods).close()

    with pytest.raises(NestedUnit):
        await writing.write(nested)
    with pytest.raises(NestedUnit):
        await writing.write(reading)
    with pytest.raises(NestedUnit):
        await writing.read(nested)
    assert await writing.write(take("still works"))


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


async def test_a_result_is_on_disk_before_its_caller_has_it(writing: Database, open_again: OpenAgain) -> None:
    other = open_again()
    for number in range(10):
        await writing.write(take(f"{number}"))
        assert len(await other.read(periods)) == number + 1


async def test_readers_cannot_write(writing: Database) -> None:
    with pytest.raises(OperationalError):
        await writing.read(take("never"))


async def test_two_processes_may_write_in_turn(writing: Database, open_again: OpenAgain) -> None:
    other = open_again()
    turns = [(writing if n % 2 else other).write(take(f"{n:02}")) for n in range(40)]
    assert await asyncio.gather(*turns) == [True] * 40


async def test_closing_finishes_what_was_asked_for(writing: Database, database: Database) -> None:
    asked = [asyncio.ensure_future(writing.write(take(f"{n:02}"))) for n in range(30)]
    await asyncio.sleep(0)
    await asyncio.to_thread(writing.close)
    assert await asyncio.gather(*asked) == [True] * 30
    with pytest.raises(DatabaseClosed):
        await writing.write(take("too late"))
    with pytest.raises(DatabaseClosed):
        await writing.read(periods)
