"""The one sender against Telegram's stand-in over HTTP, with everything that can go wrong on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.channels.telegram import TelegramMessenger, make_bot
from bot.playground.botapi import BotApi, BotApiServer
from bot.playground.person import Person
from bot.playground.signals import Signal
from bot.services.messages import OutgoingMessage
from bot.texts import say as words
from storage import chats as chat_rows
from tests.bot.services.post_office import PostOffice, Time, post_office
from tests.journeys.town import Town

HELLO, THANKS = "trouble", "contact.linked"


class PatientTime(Time):
    """Stands still while a call is on the wire: the network takes none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way = 0
        self.signal = Signal()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        await self.signal.until(lambda: self.under_way == 0, 20)
        self.advance(seconds)


@dataclass
class Line:
    """The outbox, the library's Bot, and the stand-in that it calls; chats 1, 2, ... are people 1, 2, ..."""

    office: PostOffice
    api: BotApi
    time: PatientTime
    messenger: TelegramMessenger
    people: list[Person] = field(default_factory=list)

    async def send(self, address: str, message: OutgoingMessage) -> str:
        self.time.under_way += 1
        try:
            return await self.messenger.send(address, message)
        finally:
            self.time.under_way -= 1
            self.time.signal.ring()

    async def edit(self, address: str, message_id: str, message: OutgoingMessage) -> None:
        await self.messenger.edit(address, message_id, message)

    async def meet(self, count: int) -> list[int]:
        """So many people who wrote to the bot; the ids of their chats."""
        self.people = [self.api.person(n + 1) for n in range(count)]
        for person in self.people:
            person.say("/start")
        return await self.office.chats(count, "")

    async def until_called(self, count: int, method: str = "sendMessage") -> None:
        await self.api.until(lambda: len(self.api.calls_of(method)) >= count, 20)

    def texts(self, number: int = 1) -> list[str]:
        """What the bot wrote to that person, as the keys of the texts."""
        known = {words(key, "en"): key for key in (HELLO, THANKS)}
        return [known[message.text] for message in self.people[number - 1].messages]


@pytest.fixture
async def line(tmp_path: Path, database_url: str) -> AsyncIterator[Line]:
    async with AsyncExitStack() as stack:
        time = PatientTime()
        server = await stack.enter_async_context(BotApiServer(BotApi(clock=time.clock)))
        bot = await stack.enter_async_context(make_bot(server.api.token, server.url, timeout_s=1))
        office = await stack.enter_async_context(post_office(tmp_path, database_url))
        stage = Line(office, server.api, time, TelegramMessenger(bot))
        office.time, office.messenger = time, stage
        office.new_sender()
        yield stage


async def test_a_strict_telegram_never_says_429_to_a_campaign(line: Line) -> None:
    chats = await line.meet(120)
    ids = await line.office.put_all([(chat, HELLO) for chat in chats], "reminder")

    async with line.office.sending():
        await line.until_called(120)

    assert len(line.api.calls_of("sendMessage")) == 120
    assert [line.texts(n) for n in range(1, 121)] == [[HELLO]] * 120
    assert set(await line.office.states(*ids)) == {"sent"}


async def test_a_429_is_waited_out_and_each_message_arrives_once(line: Line) -> None:
    chats = await line.meet(10)
    line.api.fail_next("sendMessage", times=3)
    line.api.fail_next("sendMessage", retry_after=40)
    ids = await line.office.put_all([(chat, HELLO) for chat in chats], "reminder")

    async with line.office.sending():
        await line.until_called(4)
        await line.time.signal.until(lambda: line.time.under_way == 0, 20)
        await line.office.pass_time(40)
        await line.until_called(11)

    assert [line.texts(n) for n in range(1, 11)] == [[HELLO]] * 10
    assert len(line.api.calls_of("sendMessage")) == 11
    assert set(await line.office.states(*ids)) == {"sent"}


async def test_who_blocked_the_bot_gets_nothing_until_they_come_back(line: Line) -> None:
    gone, other = await line.meet(2)
    line.people[0].block()
    ids = [await line.office.put(gone, key) for key in (HELLO, THANKS)]
    async with line.office.sending():
        await line.until_called(1)
        await line.time.signal.until(lambda: line.time.under_way == 0, 20)
        await line.office.put(other, HELLO)
        await line.people[1].next_message()
    assert await line.office.states(*ids) == ["dropped", "dropped"]
    assert len(line.api.calls_of("sendMessage")) == 2

    line.people[0].unblock()
    await line.office.database.write(lambda unit: chat_rows.unblock_chat(unit, gone))
    await line.office.put(gone, THANKS)
    async with line.office.sending():
        await line.until_called(3)

    assert line.texts(1) == [THANKS]


async def test_a_400_refuses_only_that_message(line: Line) -> None:
    chats = await line.meet(1)
    line.api.fail_next("sendMessage", status=400, description="Bad Request: message is too long")
    ids = [await line.office.put(chats[0], key) for key in (HELLO, THANKS)]

    async with line.office.sending():
        await line.until_called(2)

    assert line.texts() == [THANKS]
    assert await line.office.states(*ids) == ["failed", "sent"]


@pytest.mark.parametrize(
    ("fault", "arrivals"),
    [
        ({"status": 502}, 1),
        ({"html": True}, 1),
        ({"drop_after_accept": True}, 2),
        ({"delay_s": 60}, 2),
    ],
    ids=["5xx", "gateway", "cut off", "time-out"],
)
async def test_a_receipt_is_sent_until_telegram_says_yes(
    line: Line, fault: dict[str, float], arrivals: int
) -> None:
    (parent,) = await line.meet(1)
    line.api.fail_next("sendMessage", **fault)  # type: ignore[arg-type]
    paid = await line.office.put(parent, HELLO, "receipt")
    await line.office.put(parent, THANKS, "receipt")

    async with line.office.sending():
        await line.until_called(1)
        await line.time.signal.until(lambda: line.time.under_way == 0, 20)
        await line.office.pass_time(2)
        await line.until_called(3)

    assert line.texts() == [*[HELLO] * arrivals, THANKS]
    assert await line.office.states(paid) == ["sent"]


@pytest.mark.parametrize("fault", [{"drop_after_accept": True}, {"delay_s": 60}], ids=["cut off", "time-out"])
async def test_a_reminder_of_uncertain_fate_is_not_repeated(line: Line, fault: dict[str, float]) -> None:
    (parent,) = await line.meet(1)
    line.api.fail_next("sendMessage", **fault)  # type: ignore[arg-type]
    fees = await line.office.put(parent, HELLO, "reminder")

    async with line.office.sending():
        await line.until_called(1)
        await line.time.signal.until(lambda: line.time.under_way == 0, 20)
        await line.office.pass_time(3600)
        await line.office.put(parent, THANKS)
        await line.until_called(2)

    assert line.texts() == [HELLO, THANKS]
    assert await line.office.states(fees) == ["unknown"]


async def test_a_progress_line_is_edited_and_no_change_is_no_error(line: Line) -> None:
    (admin,) = await line.meet(1)
    ids = []

    async with line.office.sending():
        for number, key in enumerate((HELLO, HELLO, THANKS)):
            ids.append(await line.office.put(admin, key, slot="campaign:1"))
            await line.until_called(*((1,) if number == 0 else (number, "editMessageText")))

    assert [(message.id, message.edits) for message in line.people[0].messages] == [
        (line.people[0].messages[0].id, 1)
    ]
    assert line.texts() == [THANKS]
    assert len(line.api.calls_of("sendMessage")) == 1
    assert await line.office.states(*ids) == ["sent"] * 3


async def test_progress_whose_message_is_gone_is_sent_anew(line: Line) -> None:
    (admin,) = await line.meet(1)
    line.api.fail_next("editMessageText", status=400, description="Bad Request: message to edit not found")

    async with line.office.sending():
        await line.office.put(admin, HELLO, slot="campaign:1")
        await line.until_called(1)
        await line.office.put(admin, THANKS, slot="campaign:1")
        await line.until_called(2)

    assert line.texts() == [HELLO, THANKS]


async def test_a_parent_who_blocked_the_bot_goes_on_where_they_were_after_coming_back(place: Town) -> None:
    parent = await place.parent()
    await place.say(parent, "/pay")
    parent.block()
    await place.api.until(lambda: not place.api.unconfirmed)

    parent.unblock()
    answer = await place.say(parent, "1")

    assert "How much" in answer.text


async def test_a_parent_is_told_the_receipt_though_telegram_was_in_trouble(place: Town) -> None:
    parent = await place.parent()
    await place.to_confirmation(parent)
    place.api.fail_next("sendMessage", status=503, times=2)
    parent.tap("confirm")
    await place.mpesa.wait_for_callbacks(1)

    async with asyncio.timeout(20):
        while not any("Paid" in message.text for message in parent.messages):
            await place.tick(5)

    told = next(message for message in parent.messages if "Paid" in message.text)
    assert place.mpesa.books.movements[0].receipt in told.text
