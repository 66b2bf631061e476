"""The operator's figures, kept for a few seconds: however often they are asked for, the database is read rarely."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from bot.services.school import Clock
from storage import figures
from storage.database import Database
from storage.figures import Figures

log = structlog.get_logger(__name__)

KEPT_S = 5.0  #: seconds for which a snapshot is good
WITHIN_S = 3.0  #: a scrape does not wait longer for the database


def _machine_clock() -> datetime:
    return datetime.now(UTC)


class FiguresDesk:
    """One snapshot at a time for everybody who asks."""

    def __init__(
        self,
        database: Database,
        school_id: int,
        clock: Clock,
        *,
        machine_clock: Clock = _machine_clock,
        within_s: float = WITHIN_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """clock: the one that rows are written by. monotonic: seconds that only grow."""
        self._database = database
        self._school_id = school_id
        self._clock = clock
        self._machine_clock = machine_clock
        self._within_s = within_s
        self._monotonic = monotonic
        self._figures: Figures | None = None
        self._good_until = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def figures(self) -> Figures | None:
        """A snapshot of the last few seconds. None: the database cannot be read, or not soon enough."""
        if self._monotonic() < self._good_until:
            return self._figures
        if self._reading is None:
            self._reading = asyncio.create_task(self._read(), name="karo-figures")
        reading = self._reading
        await asyncio.wait({reading}, timeout=self._within_s)
        return self._figures if reading.done() else None

    async def close(self) -> None:
        """Wait for a read that is under way: before the database is closed."""
        if self._reading is not None:
            await asyncio.wait({self._reading})

    async def _read(self) -> None:
        try:
            self._figures = await self._database.read(
                lambda unit: figures.read(unit, self._school_id, self._clock, self._machine_clock)
            )
        except Exception as error:
            self._figures = None
            log.warning("figures.not_read", error=type(error).__name__)
        finally:
            self._good_until = self._monotonic() + KEPT_S
            self._reading = None
