"""Time moved by hand, and processes that compete for a lease on one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.playground.signals import Signal
from bot.services.lease import LeaseKeeper, Tenure, Work
from storage import leases
from storage.database import Database
from storage.leases import Held
from storage.opening import open_database
from storage.unit import Unit
from tests.bot.services.process import utc_now
from tests.builders import a_school
from tests.databases import MASTER_KEY

NAME = "sender"
SOON_S = 0.02


class HandTime:
    """Stands still but for `advance`; who sleeps is woken when its time has come."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        over = asyncio.Event()
        self._sleepers.append((self.seconds + seconds, over))
        await over.wait()

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
        for due, over in self._sleepers:
            if due <= self.seconds:
                over.set()


@dataclass
class Worker:
    """The work: notes each tenure, and goes on until it is told to end or is cancelled."""

    tenures: list[Tenure] = field(default_factory=list)
    cancelled: int = 0
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None
    signal: Signal = field(default_factory=Signal)

    async def __call__(self, tenure: Tenure) -> None:
        self.tenures.append(tenure)
        self.signal.ring()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            self.signal.ring()
            raise
        if self.error is not None:
            raise self.error

    @property
    def fences(self) -> list[int]:
        return [tenure.fence for tenure in self.tenures]

    async def until_begun(self, times: int = 1) -> None:
        await self.signal.until(lambda: len(self.tenures) >= times, 20)

    async def until_cancelled(self, times: int = 1) -> None:
        await self.signal.until(lambda: self.cancelled >= times, 20)


@asynccontextmanager
async def keeping(keeper: LeaseKeeper, work: Work) -> AsyncIterator[asyncio.Event]:
    """The keeper runs inside the block; the event stops it, at the latest when the block ends, and a Worker too."""
    stop = asyncio.Event()
    running = asyncio.create_task(keeper.run(stop, work))
    try:
        yield stop
    finally:
        stop.set()
        if isinstance(work, Worker):
            work.may_end.set()
        async with asyncio.timeout(20):
            await running


class House:
    """One database, and the processes on it. A lease lasts an hour there: it ends when the test says so."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opened: list[Database] = []
        self.database = self.open()

    def open(self) -> Database:
        """One more process's own database object."""
        self.opened.append(open_database(self.url, [MASTER_KEY]))
        return self.opened[-1]

    def keeper(
        self, holder: str, database: Database | None = None, *, lease_s: float = 3600.0
    ) -> LeaseKeeper:
        """One that renews and tries often, in real time."""
        return LeaseKeeper(
            database or self.database,
            1,
            NAME,
            holder,
            clock=utc_now,
            lease_s=lease_s,
            renew_s=SOON_S,
            try_s=SOON_S,
        )

    def by_hand(self, holder: str, time: HandTime) -> LeaseKeeper:
        """One that lives by the test's time, with the leases of the house: ten seconds."""
        return LeaseKeeper(
            self.database, 1, NAME, holder, clock=utc_now, monotonic=time.monotonic, sleep=time.sleep
        )

    async def take(self, holder: str, lease_s: float = 3600.0, *, alone: bool = False) -> Held:
        """Whoever holds it, by their name, without a keeper. alone: by force."""
        held = await self.database.write(
            lambda unit: leases.take(unit, 1, NAME, holder, now=utc_now(), lease_s=lease_s, alone=alone)
        )
        assert held is not None
        return held

    async def release(self, held: Held) -> None:
        """As `take` took it."""
        await self.database.write(
            lambda unit: leases.release(unit, 1, NAME, held.holder, held.fence, now=utc_now())
        )

    async def holder(self) -> str | None:
        """Who holds it now."""

        def look(unit: Unit) -> str | None:
            held = leases.holder_of(unit, 1, NAME, now=utc_now())
            return None if held is None else held.holder

        return await self.database.read(look)


@asynccontextmanager
async def house(url: str) -> AsyncIterator[House]:
    """With a school in it; closed at the end."""
    made = House(url)
    try:
        await made.database.write(a_school)
        yield made
    finally:
        for database in made.opened:
            database.close()
