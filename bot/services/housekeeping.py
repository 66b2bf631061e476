"""What a day leaves behind: updates and their ids are forgotten after 24 hours, once a day whoever ticks first."""

from __future__ import annotations

from datetime import timedelta

from bot.services.school import Clock, School
from storage import arrivals, jobs, updates
from storage.database import Database
from storage.unit import Unit

KEEP_UPDATES = timedelta(hours=24)


class Housekeeping:
    """Daily work claims its (job, period), so that it runs once however many tick."""

    def __init__(self, database: Database, school: School, clock: Clock) -> None:
        self._database = database
        self._school = school
        self._clock = clock

    async def tick(self) -> None:
        """Forget what is older than it is useful."""
        await self._database.write(self._purge)

    def _purge(self, unit: Unit) -> None:
        now = self._clock()
        if jobs.claim_period(unit, self._school.id, "purge", now.date().isoformat(), now):
            updates.forget_updates(unit, self._school.id, now - KEEP_UPDATES)
            arrivals.purge(unit, self._school.id, now - KEEP_UPDATES)
