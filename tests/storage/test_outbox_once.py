"""The outbox: once, or at most once; slots, and chats that are gone."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from storage import chats, outbox
from storage.database import Database, Unit
from storage.outbox import Sending
from tests.builders import NOON
from tests.storage.conftest import OpenAgain
from tests.storage.sending import after, chats_of, claim, claim_one, put, sent, state_of


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


async def test_outcomes_wait_again_when_the_person_is_back(database: Database) -> None:
    def look(unit: Unit) -> None:
        gone, other = chats_of(unit, 2)
        kinds = ("receipt", "reply", "reminder", "receipt")
        receipt, reply, reminder, later = (put(unit, gone, kind) for kind in kinds)
        elsewhere = put(unit, other, "receipt")
        for chat_id in (gone, other):
            chats.block_chat(unit, chat_id, NOON)
        assert claim(unit) == []
        chats.unblock_chat(unit, gone)
        back = after(hours=3)
        assert outbox.revive(unit, gone, back) == 2
        assert outbox.revive(unit, gone, back) == 0
        assert [state_of(unit, row) for row in (reply, reminder, elsewhere)] == [Sending.DROPPED] * 3
        assert claim(unit, back - timedelta(seconds=1)) == []
        for row in (receipt, later):
            message = claim_one(unit, back)
            assert message.id == row
            assert sent(unit, message)

    await database.write(look)


async def test_what_was_given_up_or_sent_does_not_come_back(database: Database) -> None:
    def look(unit: Unit) -> None:
        (chat_id,) = chats_of(unit, 1)
        put(unit, chat_id, "receipt")
        sent(unit, claim_one(unit))
        put(unit, chat_id, "receipt")
        message = claim_one(unit)
        outbox.mark_failed(unit, message.id, message.lease, "refused", NOON)
        assert outbox.revive(unit, chat_id, NOON) == 0

    await database.write(look)
