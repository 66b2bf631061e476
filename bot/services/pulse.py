"""A process's sign of life: its own row, written every ten seconds with what it took meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot.services.school import Clock
from storage import processes
from storage.database import Database
from storage.processes import Taken
from storage.unit import Unit

__all__ = ["BEAT_S", "FORGOTTEN_AFTER", "Pulse", "Taken"]

log = structlog.get_logger(__name__)

BEAT_S = 10.0  #: seconds between two signs of life
FORGOTTEN_AFTER = timedelta(days=1)


class Pulse:
    """stored: whether the last sign of life could be written down; None before the first.

    Call `begin` once, `beat` every BEAT_S, `end` at a clean stop, while the database is still open.
    """

    def __init__(self, database: Database, school_id: int, kind: str, name: str, clock: Clock) -> None:
        """kind: run, web or worker. name: no other process's, now or earlier."""
        self.name = name
        self.kind = kind
        self.stored: bool | None = None
        self._database = database
        self._school_id = school_id
        self._clock = clock
        self._started_at = clock()
        self._taken: dict[Taken, datetime] = {}
        self._ended = False

    def note(self, what: Taken) -> None:
        """This was taken just now. Remembers it for the next beat, and writes nothing."""
        self._taken[what] = self._clock()

    async def begin(self) -> None:
        """The first sign of life; processes that died a day ago or more are forgotten."""
        before = self._clock() - FORGOTTEN_AFTER
        await self.beat()
        try:
            await self._database.write(lambda unit: processes.forget(unit, self._school_id, before))
        except Exception as error:
            log.warning("pulse.not_stored", error=type(error).__name__)

    async def beat(self) -> None:
        """Write the row. A database in trouble is logged and waited out: what was noted goes with a later beat.

        After the end it does nothing.
        """
        try:
            await self._database.write(self._write)
        except Exception as error:
            self.stored = False
            log.warning("pulse.not_stored", error=type(error).__name__)
        else:
            self.stored = True

    async def end(self) -> None:
        """Take the row away: this process stopped as it should."""
        self._ended = True
        try:
            await self._database.write(lambda unit: processes.leave(unit, self.name))
        except Exception as error:
            log.warning("pulse.not_stored", error=type(error).__name__)

    def _write(self, unit: Unit) -> None:
        if self._ended:
            return
        processes.be_seen(
            unit,
            name=self.name,
            school_id=self._school_id,
            kind=self.kind,
            started_at=self._started_at,
            now=self._clock(),
            taken=dict(self._taken),
        )
