"""The outbox: in order inside a chat, urgent first between chats, reminders at most once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from storage import chats, outbox
from storage.database import Database, Unit
from storage.outbox import ClaimedMessage, OutboxMessage, Sending
from tests.builders import NOON, a_chat, a_school
from tests.storage.conftest import OpenAgain


def after(**span: float) -> datetime:
    """A while after noon."""
    return NOON + timedelta(**span)


def put(unit: Unit, chat_id: int, kind: str = "reply", text: str = "hello", **more: Any) -> int:
    """Queues a message; its id."""
    message = outbox.add(
        unit,
        school_id=1,
        chat_id=chat_id,
        kind=kind,
        body={"text": text},
        **{"dedupe_key": None, "now": NOON, **more},
    )
    assert message is not None
    return message.id


def chats_of(unit: Unit, count: int) -> list[int]:
    """So many chats of the one school."""
    school_id = a_school(unit)
    return [a_chat(unit, school_id).id for _ in range(count)]


def claim(unit: Unit, now: datetime = NOON, limit: int = 10) -> list[ClaimedMessage]:
    """Claims with a lease of a minute."""
    return outbox.claim(unit, now, 60, limit)


def claim_one(unit: Unit, now: datetime = NOON) -> ClaimedMessage:
    """The one message there is to claim."""
    (message,) = claim(unit, now)
    return message


def state_of(unit: Unit, message_id: int) -> str:
    """Where the message stands."""
    return unit.session.get_one(OutboxMessage, message_id, populate_existing=True).state


def sent(unit: Unit, message: ClaimedMessage, name: str = "m1", now: datetime = NOON) -> bool:
    """The channel took it."""
    return outbox.mark_sent(unit, message.id, message.lease, name, now)


async def test_a_message_is_claimed_sent_and_done(database: Database) -> None:
    def look(unit: Unit) -> None:
        (chat_id,) = chats_of(unit, 1)
        message_id = put(unit, chat_id, text="Habari")
        message = claim_one(unit)
        chat = chats.get_chat(unit, chat_id)
        assert (message.id, message.body, message.attempts) == (message_id, {"text": "Habari"}, 0)
        assert (message.channel, message.address, message.language) == ("telegram", chat.address, "en")
        assert not message.at_most_once
        assert claim(unit) == []
        assert sent(unit, message)
        assert not sent(unit, message)
        assert claim(unit, after(days=1)) == []
        assert state_of(unit, message_id) == Sending.SENT

    await database.write(look)


async def test_bodies_are_not_readable_in_the_file(database: Database) -> None:
    def look(unit: Unit) -> None:
        message_id = put(unit, chats_of(unit, 1)[0], text="Achieng owes")
        stored = unit.session.get_one(OutboxMessage, message_id)
        assert b"Achieng" not in stored.body_enc
        assert outbox.body_of(unit, stored) == {"text": "Achieng owes"}
        assert "Achieng" not in repr(claim_one(unit))

    await database.write(look)


async def test_replies_leave_before_receipts_before_reminders(database: Database) -> None:
    def look(unit: Unit) -> None:
        ids = chats_of(unit, 4)
        for chat_id, kind in zip(ids, ["reminder", "receipt", "reply", "receipt"], strict=True):
            put(unit, chat_id, kind)
        first = claim(unit, limit=2)
        assert [message.chat_id for message in first] == [ids[2], ids[1]]
        assert [message.chat_id for message in claim(unit)] == [ids[3], ids[0]]

    await database.write(look)


async def test_one_at_a_time_in_a_chat_and_in_order(database: Database) -> None:
    def look(unit: Unit) -> None:
        (chat_id,) = chats_of(unit, 1)
        ids = [put(unit, chat_id) for _ in range(3)]
        for message_id in ids:
            message = claim_one(unit)
            assert message.id == message_id
            assert claim(unit) == []
            sent(unit, message)

    await database.write(look)


async def test_a_reply_need_not_wait_behind_a_reminder_of_its_chat(database: Database) -> None:
    def look(unit: Unit) -> None:
        (chat_id,) = chats_of(unit, 1)
        put(unit, chat_id, "reminder")
        reply = put(unit, chat_id, "reply")
        assert claim_one(unit).id == reply

    await database.write(look)


async def test_nothing_overtakes_what_backs_off_in_its_chat(database: Database) -> None:
    def look(unit: Unit) -> None:
        slow, other = chats_of(unit, 2)
        first, second = put(unit, slow, "receipt"), put(unit, slow, "reply")
        elsewhere = put(unit, other, "reminder")
        message = next(m for m in claim(unit, limit=1))
        assert message.id == second
        sent(unit, message)
        message = claim(unit, limit=1)[0]
        assert message.id == first
        assert outbox.back_off(unit, message.id, message.lease, after(seconds=30))
        third = put(unit, slow, "reply")
        assert [m.id for m in claim(unit, after(seconds=29))] == [elsewhere]
        again = claim_one(unit, after(seconds=30))
        assert again.id == third
        sent(unit, again)
        again = claim_one(unit, after(seconds=30))
        assert (again.id, again.attempts) == (first, 1)

    await database.write(look)


async def test_no_message_leaves_early(database: Database) -> None:
    def look(unit: Unit) -> None:
        (chat_id,) = chats_of(unit, 1)
        put(unit, chat_id, send_at=after(hours=1))
        now = put(unit, chat_id)
        assert claim_one(unit).id == now
        assert claim(unit, after(minutes=59))[0].id == now
        sent(unit, claim(unit, after(minutes=63))[0])
        assert len(claim(unit, after(minutes=60))) == 1

    await database.write(look)


async def test_a_lapsed_lease_is_taken_again_and_the_late_holder_is_still_believed(
    database: Database,
) -> None:
    def look(unit: Unit) -> None:
        (chat_id,) = chats_of(unit, 1)
        put(unit, chat_id, "receipt")
        first = claim_one(unit)
        assert claim(unit, after(seconds=59)) == []
        second = claim_one(unit, after(seconds=60))
        assert second.lease == first.lease + 1
        assert not sent(unit, first)
        assert not outbox.back_off(unit, first.id, first.lease, after(hours=1))
        assert sent(unit, second)
        put(unit, chat_id, "receipt")
        third = claim_one(unit, after(minutes=2))
        assert outbox.claim(unit, after(minutes=4), 60, 0) == []  # lapsed, and nobody took it since
        assert sent(unit, third)
        assert claim(unit, after(minutes=5)) == []

    await database.write(look)


async def test_a_reminder_is_sent_at_most_once(database: Database) -> None:
    def look(unit: Unit) -> None:
        (chat_id,) = chats_of(unit, 1)
        message_id = put(unit, chat_id, "reminder")
        message = claim_one(unit)
        assert message.at_most_once
        assert claim(unit, after(hours=1)) == []
        assert state_of(unit, message_id) == Sending.UNKNOWN
        assert sent(unit, message)
        assert state_of(unit, message_id) == Sending.SENT

    await database.write(look)


async def test_a_reminder_that_surely_did_not_leave_is_tried_again(database: Database) -> None:
    def look(unit: Unit) -> None:
        put(unit, chats_of(unit, 1)[0], "reminder")
        message = claim_one(unit)
        outbox.back_off(unit, message.id, message.lease, after(seconds=5))
        assert claim_one(unit, after(seconds=5)).attempts == 1

    await database.write(look)


async def test_what_was_never_tried_is_given_back_untouched(database: Database) -> None:
    def look(unit: Unit) -> None:
        put(unit, chats_of(unit, 1)[0], "reminder")
        message = claim_one(unit)
        assert outbox.unlease(unit, message.id, message.lease)
        again = claim_one(unit)
        assert (again.id, again.attempts, again.lease) == (message.id, 0, message.lease + 1)

    await database.write(look)


async def test_giving_up_ends_it(database: Database) -> None:
    def look(unit: Unit) -> None:
        ids = chats_of(unit, 2)
        failed, doubtful = put(unit, ids[0]), put(unit, ids[1], "reminder")
        for message in claim(unit):
            reason = "unreachable" if message.id == failed else "unknown"
            assert outbox.mark_failed(unit, message.id, message.lease, reason, NOON)
        assert state_of(unit, failed) == Sending.FAILED
        assert state_of(unit, doubtful) == Sending.UNKNOWN
        assert claim(unit, after(days=1)) == []

    await database.write(look)


async def test_what_waits_for_a_blocked_chat_is_dropped(database: Database) -> None:
    def look(unit: Unit) -> None:
        gone, other = chats_of(unit, 2)
        dropped, kept = put(unit, gone), put(unit, other)
        chats.block_chat(unit, gone, NOON)
        assert [message.id for message in claim(unit)] == [kept]
        assert state_of(unit, dropped) == Sending.DROPPED
        chats.unblock_chat(unit, gone)
        fresh = put(unit, gone)
        assert [message.id for message in claim(unit)] == [fresh]

    await database.write(look)


async def test_a_dedupe_key_queues_once(database: Database) -> None:
    def look(unit: Unit) -> None:
        (chat_id,) = chats_of(unit, 1)
        key = outbox.announcement_key(17, "paid")
        assert key == "payment:17:paid"
        put(unit, chat_id, dedupe_key=key)
        again = outbox.add(
            unit, school_id=1, chat_id=chat_id, kind="reply", body={}, dedupe_key=key, now=NOON
        )
        assert again is None
        assert len(claim(unit)) == 1

    await database.write(look)


async def test_a_slot_shows_its_newest_and_is_edited(database: Database) -> None:
    def look(unit: Unit) -> None:
        (chat_id,) = chats_of(unit, 1)
        old = put(unit, chat_id, slot="campaign:1", text="10 sent")
        put(unit, chat_id, slot="campaign:2", text="another")
        new = put(unit, chat_id, slot="campaign:1", text="20 sent")
        assert state_of(unit, old) == Sending.SUPERSEDED
        other = claim_one(unit)
        assert (other.slot, other.edit_message_id) == ("campaign:2", None)
        sent(unit, other, "m2")
        first = claim_one(unit)
        assert (first.id, first.edit_message_id) == (new, None)
        sent(unit, first, "m3")
        put(unit, chat_id, slot="campaign:1", text="30 sent")
        assert claim_one(unit).edit_message_id == "m3"

    await database.write(look)


async def test_a_newer_one_does_not_supersede_what_is_being_sent(database: Database) -> None:
    def look(unit: Unit) -> None:
        (chat_id,) = chats_of(unit, 1)
        put(unit, chat_id, slot="s")
        message = claim_one(unit)
        put(unit, chat_id, slot="s")
        assert sent(unit, message, "m1")
        assert claim_one(unit).edit_message_id == "m1"

    await database.write(look)


async def test_no_message_is_claimed_twice(database: Database, open_again: OpenAgain) -> None:
    def fill(unit: Unit) -> None:
        for chat_id in chats_of(unit, 30):
            put(unit, chat_id)

    await database.write(fill)
    senders = [database, open_again()]
    claimed = await asyncio.gather(
        *(senders[n % 2].write(lambda unit: [m.id for m in claim(unit, limit=4)]) for n in range(12))
    )
    ids = [message_id for batch in claimed for message_id in batch]
    assert len(ids) == len(set(ids)) == 30
