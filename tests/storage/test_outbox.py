"""The outbox: in order inside a chat, urgent first between chats."""

from __future__ import annotations

from storage import chats, outbox, outbox_claim
from storage.database import Database, Unit
from storage.outbox import OutboxMessage, Sending
from tests.builders import NOON
from tests.storage.sending import after, chats_of, claim, claim_one, put, sent, state_of


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


async def test_a_look_says_whether_there_is_anything_to_claim_or_to_take_back(database: Database) -> None:
    def look(unit: Unit) -> None:
        (chat_id,) = chats_of(unit, 1)
        assert not outbox_claim.any_due(unit, NOON)
        put(unit, chat_id, "reminder", send_at=after(hours=1))
        assert not outbox_claim.any_due(unit, after(minutes=59))
        assert outbox_claim.any_due(unit, after(minutes=60))
        message = claim_one(unit, after(minutes=60))
        assert not outbox_claim.any_due(unit, after(minutes=60, seconds=59))
        assert outbox_claim.any_due(
            unit, after(minutes=61)
        )  # its sender is dead: what became of it is unknown
        sent(unit, message)
        assert not outbox_claim.any_due(unit, after(days=1))

    await database.write(look)
