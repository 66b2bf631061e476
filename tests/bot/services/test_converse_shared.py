"""One chat, two processes on one PostgreSQL: whoever takes a step or brings news waits for the other's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.dialogue.events import Command, Event, Typed
from bot.dialogue.state import At, State
from bot.services.announce import Announcer, load_state
from bot.services.converse import Converse, Taken
from bot.services.incoming import Incoming
from bot.services.settle import Settle
from storage import chats
from storage.database import Database, Unit
from storage.opening import open_database
from tests.bot.services.chatting import GRACE, Chatting
from tests.bot.services.counter import Counter, counter
from tests.bot.services.intaking import heard
from tests.bot.services.safaricom import callback_body
from tests.databases import MASTER_KEY, drop_postgres, fresh_postgres
from tests.storage.writing import Gate


@dataclass
class Twins:
    """A counter, and another process's conversation and settling on the same database."""

    place: Counter
    other: Database
    converse: Converse
    settle: Settle

    async def state(self, address: str = GRACE) -> State:
        """Where the chat's conversation stands on disk; looked up by a process that cannot write."""

        def look(unit: Unit) -> State:
            chat = chats.chat_at(unit, self.place.school.id, "telegram", address)
            assert chat is not None
            return load_state(unit, chat, self.place.clock())

        return await self.other.read(look)

    async def hindered(self, task: asyncio.Task[object]) -> None:
        """Until it has waited in vain for what another process holds; at once when it ends without that."""
        for waits in (True, False):
            while not task.done() and await self._somebody_waits() is not waits:
                continue

    async def _somebody_waits(self) -> bool:
        query = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"
        return await self.place.database.read(
            lambda unit: bool(unit.core.exec_driver_sql(query).scalar_one())
        )


@pytest.fixture
async def twins(tmp_path: Path) -> AsyncIterator[Twins]:
    url = fresh_postgres(tmp_path)
    database, other = (open_database(url, [MASTER_KEY]) for _ in range(2))
    taken: list[Taken] = []
    async with counter(database) as place:
        announce = Announcer(place.school, place.clock)
        yield Twins(
            place,
            other,
            Converse(other, place.school, place.clock, committed=taken.append),
            Settle(other, place.school, place.clock, announce),
        )
        assert await place.broken() == []
    database.close()
    other.close()
    drop_postgres(url)


def does(number: int, event: Event, address: str = GRACE) -> Incoming:
    return Incoming("telegram", address, str(number), event)


async def held_open(
    place: Counter, incoming: Incoming, meanwhile: Callable[[], asyncio.Task[object]], twins: Twins
) -> None:
    """One process has taken a step and not committed it yet, while the other does something."""
    gate = Gate()
    held = asyncio.create_task(
        place.database.write(lambda unit: (place.converse.take(unit, incoming), gate(unit)))
    )
    await asyncio.to_thread(gate.entered.wait, 10)
    other = meanwhile()
    await twins.hindered(other)
    gate.opened.set()
    await asyncio.gather(held, other)


async def test_steps_of_two_processes_in_one_chat_build_on_each_other(twins: Twins) -> None:
    both = (twins.place.converse, twins.converse)
    await twins.place.converse.handle(does(0, Command("help")))
    one_step = (await twins.state()).version
    await asyncio.gather(*(both[number % 2].handle(does(number, Command("help"))) for number in range(1, 13)))
    assert (await twins.state()).version == 13 * one_step
    told = await twins.place.deliver()
    assert len({each.version for each in told}) == len(told) == 13


async def test_two_first_messages_at_once_are_two_steps_of_one_conversation(twins: Twins) -> None:
    alone, together = "501", "502"
    for number in (1, 2):
        await twins.converse.handle(does(number, Command("start"), alone))
    await held_open(
        twins.place,
        does(3, Command("start"), together),
        lambda: asyncio.create_task(twins.converse.handle(does(4, Command("start"), together))),
        twins,
    )
    assert await twins.state(together) == await twins.state(alone)


async def test_news_does_not_undo_a_step_that_another_process_takes(twins: Twins) -> None:
    place, grace = twins.place, Chatting(twins.place, GRACE)
    await grace.chooses_amina()
    await grace.taps("confirm")
    await place.collect.push(place.taken[-1].pushes[0])
    await place.deliver()
    waiting = await twins.state()
    sent = place.mpesa.last()
    body = callback_body(sent.checkout, number="UKB7RT61SV", amount=1500.0)

    with heard() as events:
        await held_open(
            place,
            does(91, Command("pay")),
            lambda: asyncio.create_task(twins.settle.callback(sent.token, body)),
            twins,
        )

    assert waiting.at is not At.CHILD
    assert (await twins.state()).at is At.CHILD
    assert "Paid" in await place.heard(place.grace.chat)
    assert "news.not_drawn" not in events  # it was in the way, and nothing was wrong with the screen
    (told,) = await Chatting(place, GRACE, 95).does(Typed("1"))
    assert "older" not in told.text


async def test_reading_where_a_conversation_stands_locks_nothing(twins: Twins) -> None:
    await twins.place.converse.handle(does(1, Command("help")))
    await held_open(twins.place, does(2, Command("help")), lambda: asyncio.create_task(twins.state()), twins)
