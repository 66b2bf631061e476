"""The one sender when the channel or the database is in trouble: nothing lost, and what must not is not doubled."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.services.messages import DeliveryError, SlowDown, TryLater, Unreachable
from storage import chats as chat_rows
from tests.bot.channels.poller_desk import heard
from tests.bot.services.post_office import PostOffice, Try, post_office
from tests.bot.services.test_deliver import names

BACK_OFF_S = (2, 5, 15, 60, 300, 900, 900)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[PostOffice]:
    async with post_office(tmp_path) as stage:
        yield stage


def rename(path: Path, before: str, after: str) -> None:
    """Takes a table away from the sender, or gives it back: its statements fail meanwhile."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA legacy_alter_table=ON")
        connection.execute(f"ALTER TABLE {before} RENAME TO {after}")


async def test_a_429_pauses_everybody_and_nothing_is_lost_or_doubled(office: PostOffice) -> None:
    chats = await office.chats(20)
    ids = await office.put_all(list(zip(chats, names("fees", 20), strict=True)), "reminder")
    office.postman.refuse("fees-7", SlowDown(30))

    async with office.sending(21) as postman:
        await postman.until_tried(8)
        await office.put(chats[0], "menu")
        await office.pass_time(29.9)
        await office.pass_time(0.1)
        await postman.until_tried(22)

    refused = postman.tries[7]
    assert refused.text == "fees-7"
    assert all(one.at >= refused.at + 30 for one in postman.tries[8:])
    arrived = [text for phone in postman.phones.values() for text in phone]
    assert sorted(arrived) == sorted([*names("fees", 20), "menu"])
    assert postman.texts[8] == "menu"
    assert set(await office.states(*ids)) == {"sent"}


async def test_several_429s_at_once_wait_for_the_longest(office: PostOffice) -> None:
    chats = await office.chats(3)
    postman = office.postman
    postman.gate.clear()
    postman.refuse("fees-0", SlowDown(60))
    postman.refuse("fees-1", SlowDown(5))
    await office.put_all(list(zip(chats, names("fees", 3), strict=True)))

    async with office.sending():
        await postman.until_tried(3)
        with heard() as log:
            postman.gate.set()
            await log.signal.until(lambda: len(log.entries) >= 2, 20)
        await office.pass_time(59)
        await office.put(chats[2], "menu")
        await office.pass_time(1)
        await postman.until_tried(6)

    assert all(one.at >= 60 for one in postman.tries[3:])
    assert sorted(postman.texts[3:]) == ["fees-0", "fees-1", "menu"]


async def test_no_number_of_429s_makes_a_reminder_give_up(office: PostOffice) -> None:
    (family,) = await office.chats(1)
    fees = await office.put(family, "fees", "reminder")
    office.postman.refuse("fees", *[SlowDown(3)] * 20)

    async with office.sending() as postman:
        for count in range(1, 21):
            await postman.until_tried(count)
            await office.pass_time(3)
        await postman.until_tried(21)

    assert postman.phones["chat1"] == ["fees"]
    assert await office.states(fees) == ["sent"]


async def test_who_blocked_the_bot_is_left_alone_until_they_come_back(office: PostOffice) -> None:
    gone, other = await office.chats(2)
    ids = [await office.put(gone, text) for text in ("menu", "paid", "late")]
    office.postman.refuse("menu", Unreachable("blocked by the person"))

    async with office.sending() as postman:
        await postman.until_tried(1)
        await office.put(other, "elsewhere")
        await postman.until_tried(2)
        chat = await office.database.read(lambda unit: chat_rows.get_chat(unit, gone))
    assert chat.blocked_at is not None
    assert await office.states(*ids) == ["dropped"] * 3

    await office.database.write(lambda unit: chat_rows.unblock_chat(unit, gone))
    async with office.sending(3):
        await office.put(gone, "welcome")

    assert postman.phones == {"chat2": ["elsewhere"], "chat1": ["welcome"]}


async def test_a_message_telegram_refuses_takes_no_other_along(office: PostOffice) -> None:
    (parent,) = await office.chats(1)
    ids = [await office.put(parent, text) for text in ("bad", "good")]
    office.postman.refuse("bad", DeliveryError("refused: message is too long"))

    async with office.sending(2) as postman:
        pass

    assert postman.phones["chat1"] == ["good"]
    assert await office.states(*ids) == ["failed", "sent"]


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_receipt_is_tried_until_it_surely_arrived(office: PostOffice, arrived: bool) -> None:
    parent, other = await office.chats(2)
    office.postman.refuse("paid", *[TryLater(arrived)] * 3)
    paid = await office.put(parent, "paid", "receipt")

    async with office.sending() as postman:
        await postman.until_tried(1)
        await office.put(parent, "next", "receipt")  # must not overtake
        for count, wait_s in enumerate((2, 5, 15), 1):
            await office.put(other, f"look-{count}")
            await postman.until_tried(2 * count)
            await office.pass_time(wait_s)
            await postman.until_tried(2 * count + 1)
        await postman.until_tried(8)

    assert postman.phones["chat1"] == [*["paid"] * (3 * arrived + 1), "next"]
    assert await office.states(paid) == ["sent"]


async def test_tries_come_ever_more_seldom(office: PostOffice) -> None:
    parent, other = await office.chats(2)
    office.postman.refuse("paid", *[TryLater(False)] * len(BACK_OFF_S))
    await office.put(parent, "paid", "receipt")

    async with office.sending() as postman:
        for count, wait_s in enumerate(BACK_OFF_S):
            await postman.until_tried(2 * count + 1)
            await office.pass_time(wait_s - 0.5)
            await office.put(other, "look")
            await postman.until_tried(2 * count + 2)
            assert postman.texts[-1] == "look"
            await office.pass_time(0.5)
        await postman.until_tried(2 * len(BACK_OFF_S) + 1)

    assert postman.phones["chat1"] == ["paid"]


async def test_a_reminder_that_may_have_arrived_is_never_sent_again(office: PostOffice) -> None:
    families = await office.chats(2)
    ids = await office.put_all([(families[0], "fees"), (families[1], "bus")], "reminder")
    office.postman.refuse("fees", TryLater(maybe_delivered=True))

    async with office.sending() as postman:
        await postman.until_tried(2)
        await office.pass_time(7200)
        await office.put(families[0], "menu")
        await postman.until_tried(3)

    assert postman.texts == ["fees", "bus", "menu"]
    assert await office.states(*ids) == ["unknown", "sent"]


async def test_a_reminder_that_surely_did_not_leave_is_sent_later(office: PostOffice) -> None:
    (family,) = await office.chats(1)
    fees = await office.put(family, "fees", "reminder")
    office.postman.refuse("fees", TryLater(maybe_delivered=False))

    async with office.sending() as postman:
        await postman.until_tried(1)
        await office.pass_time(2)
        await postman.until_tried(2)

    assert postman.phones["chat1"] == ["fees"]
    assert await office.states(fees) == ["sent"]


async def test_a_database_in_trouble_is_waited_out(office: PostOffice) -> None:
    (parent,) = await office.chats(1)
    await office.put(parent, "menu")
    rename(office.path, "outbox_messages", "away")

    async with office.sending() as postman:
        with heard() as log:
            await log.signal.until(lambda: len(log.entries) >= 1, 20)
        assert postman.tries == []
        rename(office.path, "away", "outbox_messages")
        office.deliver.wake()
        await postman.until_tried(1)

    assert log.entries[0]["event"] == "sender.stumbled"
    assert postman.phones["chat1"] == ["menu"]


async def test_what_was_sent_while_the_database_failed_is_not_sent_again(office: PostOffice) -> None:
    (parent,) = await office.chats(1)
    paid = await office.put(parent, "paid", "receipt")

    def fails(_: Try) -> None:
        rename(office.path, "outbox_messages", "away")
        office.postman.at_door = lambda _: None

    async def recovers(seconds: float) -> None:
        rename(office.path, "away", "outbox_messages")
        office.time.advance(seconds)

    office.postman.at_door = fails
    office.time.sleep = recovers  # type: ignore[method-assign]
    office.new_sender()
    async with office.sending(1) as postman:
        pass

    assert postman.texts == ["paid"]
    assert await office.states(paid) == ["sent"]
