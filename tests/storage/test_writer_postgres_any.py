"""Whatever two processes do at the same time: what was answered is stored once, and nothing else is."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from storage import audit
from storage.database import Database, NotStored, Unit
from tests.builders import NOON, a_school
from tests.storage.conftest import OpenAgain
from tests.storage.writing import behind_a_gate, take, touch

pytestmark = pytest.mark.parametrize("url", ["postgres"], indirect=True)

ROWS = ("a", "b", "c")
HELD = "held"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Plan:
    """A unit of work: what it changes, in that order, and whether it fails in the end."""

    rows: tuple[str, ...]
    fails: bool


PLANS = st.builds(
    Plan,
    rows=st.lists(st.sampled_from((*ROWS, HELD)), max_size=3).map(tuple),
    fails=st.sampled_from((False, False, False, True)),
)
GROUPS = st.lists(PLANS, max_size=8)


class Planned:
    """The unit, with a mark of its own. Run again, it lets the held row go first."""

    def __init__(self, plan: Plan, let_go: Callable[[], None]) -> None:
        self.plan = plan
        self.mark = f"mark {next(_numbers)}"
        self.runs = 0
        self._let_go = let_go

    def __call__(self, unit: Unit) -> str:
        self.runs += 1
        if self.runs > 1:
            self._let_go()
        audit.record(unit, school_id=1, actor="test", action="test", subject=self.mark, now=NOON)
        for row in self.plan.rows:
            touch(unit, row)
        if self.plan.fails:
            raise ValueError(self.mark)
        return self.mark


@pytest.fixture
def two(open_again: OpenAgain, timer: Callable[[], float]) -> Iterator[tuple[Database, Database]]:
    """Two databases as two processes have them."""
    opened = [open_again() for _ in range(2)]
    one, other = (Database(each.write_engine, each.read_engine, each.vault, timer=timer) for each in opened)
    yield one, other
    one.close()
    other.close()


def marks(unit: Unit) -> list[str]:
    return list(unit.core.execute(text("SELECT subject FROM audit_records")).scalars())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(here=GROUPS, there=GROUPS)
def test_what_was_answered_is_stored_once_and_nothing_else(
    url: str, two: tuple[Database, Database], here: list[Plan], there: list[Plan]
) -> None:
    async def run(other: psycopg.Connection) -> None:
        await two[0].write(a_school)
        for row in (*ROWS, HELD):
            await two[0].write(take(row))
        before = await two[0].read(marks)
        other.execute("SELECT 1 FROM job_periods WHERE period = %s FOR UPDATE", (HELD,))
        groups = [[Planned(plan, other.rollback) for plan in plans] for plans in (here, there)]
        told = await asyncio.gather(*(behind_a_gate(*each) for each in zip(two, groups, strict=True)))
        units, answers = [*groups[0], *groups[1]], [*told[0], *told[1]]
        for unit, answer in zip(units, answers, strict=True):
            assert isinstance(answer, (str, NotStored, ValueError) if unit.plan.fails else (str, NotStored))
            event(f"hindered: {unit.runs > 1}, {type(answer).__name__}")
        believed = [answer for answer in answers if isinstance(answer, str)]
        assert sorted(await two[0].read(marks)) == sorted(before + believed)

    with psycopg.connect(url) as other:
        asyncio.run(run(other))
