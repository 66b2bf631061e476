"""Updates that a webhook brings: stored before they are answered, then taken chat by chat, oldest first.

Any number of processes do this on one PostgreSQL. A step and the mark that it was taken stand in one unit of work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog

from bot.services.converse import Converse, Taken
from bot.services.incoming import DATABASE_TROUBLE, TRIES, Arrived, Incoming, NotAnUpdate, whereabouts
from bot.services.school import Clock, School
from storage import arrivals
from storage.arrivals import Waiting
from storage.database import Database
from storage.unit import Unit
from storage.vault import VaultError

log = structlog.get_logger(__name__)

AT_ONCE = 50  #: chats that one look for forgotten updates takes on
RETRY_S = (0.5, 1.0, 2.0, 4.0, 10.0)


class _Failed(Exception):
    """This update could not be taken; the cause says why."""

    def __init__(self, waiting: Waiting) -> None:
        super().__init__()
        self.waiting = waiting


def _nothing(_arrived: Arrived) -> None:
    return


class Intake:
    """Every update takes effect once, whoever gets it, and those of one chat in the order in which they were stored."""

    def __init__(
        self,
        database: Database,
        school: School,
        clock: Clock,
        *,
        converse: Converse,
        read: Callable[[bytes], Arrived],
        committed: Callable[[Taken], None],
        stored: Callable[[Arrived], None] = _nothing,
    ) -> None:
        """read: a channel's own; raises NotAnUpdate, and nothing else.

        committed: called once a step is on disk, with what is to start now. stored: called once an update is on
        disk for the first time. Neither may block.
        """
        self._database = database
        self._school = school
        self._clock = clock
        self._converse = converse
        self._read = read
        self._committed = committed
        self._stored = stored

    async def store(self, body: bytes) -> str | None:
        """Keep an update; the address to `work` on. None: nobody can read it, and a repeat brings the same.

        Raises when it could not be stored: then it has to come again.
        """
        try:
            arrived = self._read(body)
        except NotAnUpdate as error:
            log.error("update.unreadable", error=type(error).__name__)
            return None
        if await self._database.write(partial(self._keep, arrived, body)):
            self._stored(arrived)
        return arrived.address

    async def work(self, channel: str, address: str) -> int:
        """Take what waits of one chat, until nothing is left that may be taken now; how many that were.

        One that fails is put off, and holds its chat until it succeeds or is given up.
        """
        taken = 0
        while True:
            try:
                step = await self._database.write(partial(self._step, channel, address))
            except _Failed as failed:
                if not await self._out_of_the_way(failed):
                    return taken
                continue
            except DATABASE_TROUBLE as error:
                log.warning("update.not_taken_yet", error=type(error).__name__)
                return taken
            if step is None:
                return taken
            taken += 1
            self._committed(step)

    async def tick(self) -> None:
        """Work on what waits anyhow: it failed before, or the process that stored it has died."""
        while True:
            waiting = await self._database.read(
                lambda unit: arrivals.addresses_waiting(unit, self._school.id, self._clock(), AT_ONCE)
            )
            worked = await asyncio.gather(*(self.work(*chat) for chat in waiting), return_exceptions=True)
            for each in worked:
                if isinstance(each, Exception):
                    log.error("intake.stumbled", **whereabouts(each))
            if len(waiting) < AT_ONCE or not any(each for each in worked if isinstance(each, int)):
                return

    def _keep(self, arrived: Arrived, body: bytes, unit: Unit) -> bool:
        return arrivals.keep(
            unit, self._school.id, arrived.channel, arrived.update_id, arrived.address, body, self._clock()
        )

    def _step(self, channel: str, address: str, unit: Unit) -> Taken | None:
        """One update, and that it was taken. Raises _Failed."""
        waiting = arrivals.oldest_waiting(unit, self._school.id, channel, address, self._clock())
        if waiting is None:
            return None
        try:
            taken = self._take(unit, self._read(arrivals.body_of(unit, waiting)))
            arrivals.done(unit, waiting.id)
        except Exception as error:
            raise _Failed(waiting) from error
        return taken or Taken()

    def _take(self, unit: Unit, arrived: Arrived) -> Taken | None:
        if arrived.unreadable:
            log.error("update.unreadable", update=arrived.update_id, error=arrived.unreadable)
        if arrived.blocked is not None:
            self._converse.note_membership(unit, arrived.channel, arrived.address, arrived.blocked)
        return None if arrived.incoming is None else self._converse.take(unit, arrived.incoming)

    async def _out_of_the_way(self, failed: _Failed) -> bool:
        """Whether the next update of the chat may be taken: this one is given up, or waits no more."""
        waiting = failed.waiting
        next_at = self._clock() + timedelta(seconds=RETRY_S[min(waiting.tries, len(RETRY_S) - 1)])
        try:
            tries = await self._database.write(lambda unit: arrivals.failed(unit, waiting.id, next_at))
        except DATABASE_TROUBLE as error:
            log.warning("update.not_taken_yet", error=type(error).__name__)
            return False
        log.warning(
            "update.failed", update=waiting.update_id, tries=tries, **whereabouts(failed.__cause__ or failed)
        )
        return tries == 0 or (tries >= TRIES and await self._give_up(waiting))

    async def _give_up(self, waiting: Waiting) -> bool:
        try:
            skipped = await self._database.write(partial(self._skip, waiting))
        except Exception as error:
            log.error("update.not_skipped", update=waiting.update_id, **whereabouts(error))
            return False
        if skipped:
            log.error("update.skipped", update=waiting.update_id)
            self._committed(Taken())
        return True

    def _skip(self, waiting: Waiting, unit: Unit) -> bool:
        """With an apology where somebody waits for an answer. False: another process took it after all."""
        if not arrivals.skipped(unit, waiting.id):
            return False
        incoming = self._person_behind(unit, waiting)
        if incoming is not None:
            self._converse.say_sorry(unit, incoming)
        return True

    def _person_behind(self, unit: Unit, waiting: Waiting) -> Incoming | None:
        try:
            return self._read(arrivals.body_of(unit, waiting)).incoming
        except (NotAnUpdate, VaultError) as error:
            log.error("update.unreadable", update=waiting.update_id, error=type(error).__name__)
            return None
