"""The writer: one commit for many, and what is told to each."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

import pytest
from sqlalchemy.exc import IntegrityError

from storage import jobs
from storage.database import Database, DatabaseClosed, NestedUnit, Unit
from storage.writer import AT_MOST
from tests.builders import NOON
from tests.storage.conftest import OpenAgain
from tests.storage.writing import Gate, behind_a_gate, periods, take


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


async def test_a_result_is_on_disk_before_its_caller_has_it(writing: Database, open_again: OpenAgain) -> None:
    other = open_again()
    for number in range(10):
        await writing.write(take(f"{number}"))
        assert len(await other.read(periods)) == number + 1


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
