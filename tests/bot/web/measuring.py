"""A process with metrics, on a database of its own, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.services.counted import Tally
from bot.services.figures import FiguresDesk
from bot.services.pulse import Pulse
from bot.web.metrics import Metrics
from storage.database import Database
from storage.opening import open_database
from tests.builders import NOON, a_school
from tests.databases import MASTER_KEY, fresh_sqlite


@dataclass
class Measuring:
    """now: what its clock says."""

    database: Database
    school_id: int
    tally: Tally
    pulse: Pulse
    metrics: Metrics
    desk: FiguresDesk
    now: datetime = NOON

    def turn(self, **length: float) -> None:
        """Turns the clock, so much further."""
        self.now += timedelta(**length)

    def page(self, answer: bytes) -> dict[str, float]:
        """The series of a page in Prometheus' text format, by name and labels."""
        lines = [line for line in answer.decode().splitlines() if line and not line.startswith("#")]
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}

    async def read(self) -> dict[str, float]:
        """What a reader would see now."""
        return self.page(bytes(self.metrics.render(await self.desk.figures()).body))


@asynccontextmanager
async def measuring(folder: Path, *, within_s: float = 3.0) -> AsyncIterator[Measuring]:
    """A `web` process on an empty SQLite school; its snapshot is good until the clock is turned."""
    database = open_database(fresh_sqlite(folder), [MASTER_KEY])
    try:
        school_id = await database.write(a_school)
        tally = Tally()
        here: Measuring | None = None

        def clock() -> datetime:
            return NOON if here is None else here.now

        pulse = Pulse(database, school_id, "web", "here:1:ab", clock)
        desk = FiguresDesk(
            database, school_id, clock, within_s=within_s, monotonic=lambda: clock().timestamp()
        )
        metrics = Metrics(pulse, tally, callbacks_expected=True)
        here = Measuring(database, school_id, tally, pulse, metrics, desk)
        yield here
        await desk.close()
    finally:
        database.close()
