"""Small units of work, and a gate that makes them wait together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from storage import jobs
from storage.database import Database, Unit
from tests.builders import NOON

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
