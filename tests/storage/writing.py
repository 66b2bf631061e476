"""Small units of work, a gate that makes them wait together, and somebody else who is in their way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import psycopg
from sqlalchemy import text, update

from storage import jobs
from storage.database import Database, Unit
from storage.jobs import JobPeriod
from storage.schema import table_of
from tests.builders import NOON

Work = Callable[[Unit], object]
PERIODS = table_of(JobPeriod)


class Gate:
    """A unit of work that keeps the writer busy until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, unit: Unit) -> str:
        self.entered.set()
        assert self.opened.wait(10)
        return "gate"


class Tried:
    """A unit of work that counts how often it was run; `again` is set when it is run for the second time."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.runs = 0
        self.again = threading.Event()

    def __call__(self, unit: Unit) -> object:
        self.runs += 1
        if self.runs > 1:
            self.again.set()
        return self.work(unit)


def take(period: str) -> Work:
    """A small unit of work that leaves a row."""
    return lambda unit: jobs.claim_period(unit, 1, "job", period, NOON)


def touch(unit: Unit, period: str) -> None:
    """Changes that row, and waits for whoever holds it."""
    unit.core.execute(update(PERIODS).where(PERIODS.c.period == period).values(taken_at=NOON))


def touch_and_take(held: str, period: str) -> Work:
    """Leaves a row, then changes another one."""

    def work(unit: Unit) -> bool:
        taken = jobs.claim_period(unit, 1, "job", period, NOON)
        touch(unit, held)
        return taken

    return work


def periods(unit: Unit) -> list[str]:
    """The rows that those left."""
    return list(unit.core.execute(text("SELECT period FROM job_periods ORDER BY period")).scalars())


@contextmanager
def held(url: str, period: str) -> Iterator[psycopg.Connection]:
    """Somebody else on that PostgreSQL who keeps that row; rolling back lets it go."""
    with psycopg.connect(url) as other:
        other.execute("SELECT 1 FROM job_periods WHERE period = %s FOR UPDATE", (period,))
        yield other
        other.rollback()


async def behind_a_gate(
    database: Database, units: Sequence[Work], answered: Callable[[int], None] = lambda _number: None
) -> list[object]:
    """Runs the units while the writer is held up, so that they wait together; results and errors in order.

    answered: told each unit's number at the moment when its caller hears.
    """
    gate = Gate()
    held_up = asyncio.ensure_future(database.write(gate))
    await asyncio.to_thread(gate.entered.wait, 10)
    waiting = [asyncio.ensure_future(database.write(unit)) for unit in units]
    for number, future in enumerate(waiting):
        future.add_done_callback(lambda _done, number=number: answered(number))  # type: ignore[misc]
    await asyncio.sleep(0)  # now each has put its work into the queue
    gate.opened.set()
    return list(await asyncio.gather(held_up, *waiting, return_exceptions=True))[1:]
