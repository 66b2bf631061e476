"""People with the bot open, as the conversation's verb meets them: without any channel."""

from __future__ import annotations

from sqlalchemy import text

from bot.dialogue.events import Command, Event, Tapped, Typed
from bot.services.incoming import Incoming
from tests.bot.services.counter import Counter, Told

GRACE, PETER = "101", "103"


class Chatting:
    """One person with the bot open. Update ids grow by themselves unless one is given."""

    def __init__(self, place: Counter, address: str, first_id: int = 1) -> None:
        self.place = place
        self.address = address
        self.next_id = first_id
        self.last: Told | None = None

    async def does(self, event: Event, update_id: int | None = None) -> list[Told]:
        """One update; everything that was sent to anybody because of it."""
        if update_id is None:
            update_id, self.next_id = self.next_id, self.next_id + 1
        await self.place.converse.handle(Incoming("telegram", self.address, str(update_id), event))
        sent = await self.place.deliver()
        self.last = sent[-1] if sent else self.last
        return sent

    async def taps(self, key: str, update_id: int | None = None) -> list[Told]:
        """A button of the last screen, whether it is there or not."""
        assert self.last is not None
        return await self.does(Tapped(key, self.last.version), update_id)

    async def chooses_amina(self) -> None:
        """As far as the confirmation screen."""
        await self.does(Command("pay"))
        await self.taps(f"child:{self.place.grace.child.id}")
        await self.does(Typed("1500"))
        (told,) = await self.taps("own")
        assert "Amina" in told.text
        assert "confirm" in told.keys


async def count(place: Counter, table: str) -> int:
    """Rows of a table, seen from outside."""
    return await place.database.read(
        lambda unit: int(unit.core.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608
    )
