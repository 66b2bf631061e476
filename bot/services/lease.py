"""Work that only one process may do at a time: done under a lease, which is renewed beside it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.services.school import Clock
from storage import leases
from storage.database import Database, DatabaseClosed
from storage.leases import Held
from storage.unit import Unit

log = structlog.get_logger(__name__)

LEASE_S = 10.0
RENEW_S = 3.0
TRY_S = 1.0  #: between two tries to take it
FINISH_S = 2.0  #: for the work to end by itself at a stop
_MARGIN = 0.1  # of the lease: so much earlier than the database this process takes it as ended

Work = Callable[["Tenure"], Awaitable[None]]


@dataclass(slots=True, eq=False)
class Tenure:
    """One holding of a lease, from taking it to losing or releasing it."""

    school_id: int
    name: str
    holder: str
    fence: int
    clock: Clock = field(repr=False)
    monotonic: Callable[[], float] = field(repr=False)
    deadline: float = -math.inf  #: by `monotonic`; -inf once it is over

    @property
    def believed(self) -> bool:
        """Whether it stands as far as this process can know without asking."""
        return self.monotonic() < self.deadline

    def still(self, unit: Unit) -> bool:
        """Whether it stands, for certain until this unit has committed: ask it first in every unit that
        nobody but the holder may do.
        """
        return self.believed and leases.holds(
            unit, self.school_id, self.name, self.holder, self.fence, now=self.clock()
        )

    def end(self) -> None:
        """From now on no unit is done in its name, not even one that waits already."""
        self.deadline = -math.inf


class LeaseKeeper:
    """Takes one lease, again and again, and has work done whenever it holds it."""

    def __init__(
        self,
        database: Database,
        school_id: int,
        name: str,
        holder: str,
        *,
        clock: Clock,
        lease_s: float = LEASE_S,
        renew_s: float = RENEW_S,
        try_s: float = TRY_S,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """holder: this process's own name, like no other's. clock: counts only where the database has none."""
        self._database = database
        self._school_id = school_id
        self._name = name
        self._holder = holder
        self._clock = clock
        self._lease_s = lease_s
        self._renew_s = renew_s
        self._try_s = try_s
        self._monotonic = monotonic
        self._sleep = sleep
        self._in_trouble = False

    async def run(self, stop: asyncio.Event, work: Work) -> None:
        """Until `stop`: take the lease, and work while it is held.

        The work is cancelled when the lease is lost. At `stop` it has two seconds to end by itself before it
        is cancelled, and the lease is released. An unreachable database is waited out.
        """
        while not stop.is_set():
            tenure = await self._taken(stop)
            if tenure is not None:
                await self._serve(tenure, stop, work)
            await self._until(stop, self._try_s)

    async def _taken(self, stop: asyncio.Event) -> Tenure | None:
        asked_at = self._monotonic()
        try:
            held = await self._take(lambda: not stop.is_set())
        except DatabaseClosed:
            raise
        except Exception as error:
            self._note_trouble(error)
            return None
        if held is None:
            return None
        log.info("lease.taken", lease=self._name, fence=held.fence)
        return Tenure(
            school_id=self._school_id,
            name=self._name,
            holder=self._holder,
            fence=held.fence,
            clock=self._clock,
            monotonic=self._monotonic,
            deadline=self._deadline(asked_at),
        )

    async def _take(self, wanted: Callable[[], bool]) -> Held | None:
        def take(unit: Unit) -> Held | None:
            if not wanted():  # this unit had to wait, and what it was for is over
                return None
            return leases.take(
                unit,
                self._school_id,
                self._name,
                self._holder,
                now=self._clock(),
                lease_s=self._lease_s,
                alone=self._database.alone,
            )

        held = await self._database.write(take)
        self._in_trouble = False
        return held

    def _deadline(self, asked_at: float) -> float:
        return asked_at + self._lease_s * (1 - _MARGIN)

    async def _serve(self, tenure: Tenure, stop: asyncio.Event, work: Work) -> None:
        working = asyncio.ensure_future(work(tenure))
        lost = asyncio.create_task(self._renew(tenure)), asyncio.create_task(self._expire(tenure))
        stopping = asyncio.create_task(stop.wait())
        tasks: set[asyncio.Future[Any]] = {working, stopping, *lost}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                finishing = asyncio.ensure_future(self._sleep(FINISH_S))
                tasks.add(finishing)
                await asyncio.wait({working, finishing, *lost}, return_when=asyncio.FIRST_COMPLETED)
            if any(task.done() for task in lost):
                log.warning("lease.lost", lease=self._name, fence=tenure.fence)
        finally:
            tenure.end()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._release(tenure)
        if not working.cancelled() and (error := working.exception()) is not None:
            log.error("lease.work_failed", lease=self._name, exc_info=error)
        elif not working.cancelled() and not stop.is_set():
            log.warning("lease.work_ended", lease=self._name)

    async def _renew(self, tenure: Tenure) -> None:
        """Returns when somebody else has it."""
        while True:
            await self._sleep(self._try_s if self._in_trouble else self._renew_s)
            asked_at = self._monotonic()
            try:
                held = await self._take(lambda: tenure.believed)
            except DatabaseClosed:
                return
            except Exception as error:
                self._note_trouble(error)
                continue
            if held is None or held.fence != tenure.fence:
                return
            tenure.deadline = self._deadline(asked_at)

    async def _expire(self, tenure: Tenure) -> None:
        """Returns when it was not renewed in time, whatever keeps the renewal."""
        while tenure.believed:
            await self._sleep(tenure.deadline - self._monotonic())

    async def _release(self, tenure: Tenure) -> None:
        def release(unit: Unit) -> None:
            leases.release(unit, self._school_id, self._name, self._holder, tenure.fence, now=self._clock())

        try:
            await self._either(self._database.write(release), self._sleep(FINISH_S))
        except Exception as error:  # then it ends by itself
            self._note_trouble(error)

    def _note_trouble(self, error: Exception) -> None:
        if not self._in_trouble:
            log.warning("lease.out_of_reach", lease=self._name, kind=type(error).__name__)
        self._in_trouble = True

    async def _until(self, stop: asyncio.Event, seconds: float) -> None:
        await self._either(stop.wait(), self._sleep(seconds))

    async def _either(self, first: Awaitable[object], second: Awaitable[object]) -> None:
        """Waits for either. Raises what the first one raised."""
        tasks = asyncio.ensure_future(first), asyncio.ensure_future(second)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if not tasks[0].cancelled() and (error := tasks[0].exception()) is not None:
            raise error
