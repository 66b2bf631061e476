"""A counter whose M-PESA line may go down, and two processes that look after it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from bot.services.line import Line
from daraja import DarajaClient
from daraja.doctor import CauseClass, Diagnosis
from storage import held_back, lines
from storage.database import Database
from storage.held_back import HELD
from storage.opening import open_database
from storage.people import Chat
from storage.unit import Unit
from tests.bot.services.chatting import GRACE, Chatting
from tests.bot.services.counter import SANDBOX, Counter, Told, counter
from tests.databases import MASTER_KEY

REFUSED = Diagnosis(CauseClass.PRODUCT_OR_GO_LIVE, "The app may not.", (), "Look in the portal.")


@dataclass
class Doctor:
    """Says what it is told to say. trouble: raised instead."""

    says: Diagnosis = REFUSED
    trouble: Exception | None = None
    visits: int = 0
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def __call__(self) -> Diagnosis:
        self.visits += 1
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.trouble is not None:
            raise self.trouble
        return self.says


@dataclass
class LineDesk:
    """One school; `one` and `other` are the line's verbs of two processes."""

    place: Counter
    daraja: DarajaClient
    doctor: Doctor = field(default_factory=Doctor)

    def worker(self, name: str) -> Line:
        """The verb of a process of that name; the doctor comes to all of them."""
        place = self.place
        return Line(
            place.database,
            place.school,
            place.clock,
            name=name,
            probe=self.daraja.probe_push,
            examine=self.doctor,
            chance=lambda: 0.5,
        )

    async def goes_down(self, how: str = "token_refused", amount_kes: int = 700) -> int:
        """A push is turned away; the id of its payment."""
        self.place.mpesa.line = how
        return await self.place.prompted(amount_kes, family=self.place.peter)

    async def passes(self, seconds: float, worker: Line) -> None:
        """Time, and one look of that worker after it."""
        self.place.clock.advance(seconds)
        await worker.tick()

    async def line(self) -> lines.Line:
        """As it is on disk."""
        found = await self.place.database.read(lambda unit: lines.seen(unit, self.place.school.id))
        assert found is not None
        return found

    async def states(self) -> list[str]:
        """What became of each who was held back, in their order."""

        def look(unit: Unit) -> list[str]:
            return [row.state for row in unit.core.execute(HELD.select().order_by(HELD.c.id))]

        return await self.place.database.read(look)

    async def told(self, chat: Chat) -> list[Told]:
        """What was sent to that chat just now."""
        return [told for told in await self.place.deliver() if told.chat_id == chat.id]

    async def parents(self) -> int:
        """How many chats were held back in the last outage."""
        outage = (await self.line()).outage
        return await self.place.database.read(
            lambda unit: held_back.chats_of(unit, self.place.school.id, outage)
        )


@contextlib.asynccontextmanager
async def line_desk(database: Database) -> AsyncIterator[LineDesk]:
    """Over an empty database. Ends with `karo check`, which must be clean."""
    async with (
        counter(database) as place,
        DarajaClient(SANDBOX, transport=place.mpesa, clock=place.clock) as daraja,
    ):
        yield LineDesk(place, daraja)
        await place.deliver()
        assert await place.broken() == []


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[LineDesk]:
    """On the empty database at that URL."""
    database = open_database(url, [MASTER_KEY])
    try:
        async with line_desk(database) as desk:
            yield desk
    finally:
        database.close()


async def confirms(desk: LineDesk, address: str = GRACE) -> Chatting:
    """A parent as far as the tap on Pay, and its push."""
    await desk.place.deliver()
    parent = Chatting(desk.place, address)
    await parent.chooses_amina()
    await parent.taps("confirm")
    for payment_id in desk.place.taken[-1].pushes:
        await desk.place.collect.push(payment_id)
    return parent
