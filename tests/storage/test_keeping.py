"""What is kept once: sessions, updates, bodies, periods, the audit trail, the school itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from storage import audit, inbox, jobs, schools, sessions
from storage.database import Database, Unit
from storage.inbox import InboxItem
from storage.sessions import DialogueSession
from storage.updates import forget_updates, see_update
from tests.builders import NOON, PHONE, a_chat, a_guardian_with_children, a_school, a_sent_payment

LATER = NOON + timedelta(hours=1)


async def test_a_session_comes_back_as_it_was_saved_and_is_encrypted_whole(database: Database) -> None:
    def look(unit: Unit) -> None:
        chat = a_chat(unit, a_school(unit))
        assert sessions.load(unit, chat.id) is None
        for version in (1, 2):
            state = {"at": "confirm", "version": version, "phone": PHONE, "child_id": None, "second": False}
            sessions.save(unit, chat, state, LATER)
            assert sessions.load(unit, chat.id) == state
        row = unit.session.get_one(DialogueSession, chat.id)
        assert PHONE.encode() not in row.state_enc
        assert b"confirm" not in row.state_enc

    await database.write(look)


async def test_an_update_takes_effect_once(database: Database) -> None:
    school_id = await database.write(a_school)
    seen = await asyncio.gather(
        *(database.write(lambda unit: see_update(unit, school_id, "telegram", "7", NOON)) for _ in range(10))
    )
    assert seen.count(True) == 1
    assert await database.write(lambda unit: see_update(unit, school_id, "telegram", "6", NOON))
    assert await database.write(lambda unit: see_update(unit, school_id, "ussd", "7", NOON))


async def test_updates_are_forgotten_when_they_are_old(database: Database) -> None:
    def look(unit: Unit) -> None:
        school_id = a_school(unit)
        for number in range(3):
            see_update(unit, school_id, "telegram", str(number), NOON + timedelta(hours=number))
        assert forget_updates(unit, school_id, NOON + timedelta(hours=1)) == 1
        assert see_update(unit, school_id, "telegram", "0", LATER)
        assert not see_update(unit, school_id, "telegram", "1", LATER)

    await database.write(look)


async def test_a_body_is_kept_as_it_came_and_copies_are_counted(database: Database) -> None:
    def look(unit: Unit) -> None:
        family = a_guardian_with_children(unit, a_school(unit))
        payment = a_sent_payment(unit, family)
        body = b'{"Body": "\xff 254712345456"}'

        def keep(of: int | None = payment.id) -> inbox.Kept:
            return inbox.keep(unit, school_id=1, channel="stk", body=body, payment_id=of, now=LATER)

        first = keep()
        assert first.is_new
        assert keep() == inbox.Kept(first.id, is_new=False)
        assert keep() == inbox.Kept(first.id, is_new=False)
        assert keep(None).is_new
        assert not keep(None).is_new
        assert inbox.body_of(unit, first.id) == body
        item = unit.session.get_one(InboxItem, first.id, populate_existing=True)
        assert (item.copies, item.state, item.needs_person) == (3, "new", None)
        assert b"254712345456" not in item.body_enc
        inbox.mark(unit, first.id, "applied", "0")
        item = unit.session.get_one(InboxItem, first.id, populate_existing=True)
        assert (item.state, item.note, item.needs_person) == ("applied", "0", None)
        with pytest.raises(LookupError):
            inbox.body_of(unit, 404)

    await database.write(look)


async def test_daily_work_is_taken_by_one(database: Database) -> None:
    school_id = await database.write(a_school)
    taken = await asyncio.gather(
        *(
            database.write(lambda unit: jobs.claim_period(unit, school_id, "purge", "2026-11-22", NOON))
            for _ in range(8)
        )
    )
    assert taken.count(True) == 1
    assert await database.write(lambda unit: jobs.claim_period(unit, school_id, "purge", "2026-11-23", NOON))


async def test_the_audit_trail_tells_what_was_done_to_a_subject(database: Database) -> None:
    def look(unit: Unit) -> None:
        school_id = a_school(unit)
        for action, subject in (("a", "student:1"), ("b", "student:2"), ("c", "student:1")):
            audit.record(
                unit, school_id=school_id, actor="command line", action=action, subject=subject, now=LATER
            )
        assert [row.action for row in audit.of_subject(unit, school_id, "student:1")] == ["a", "c"]
        assert audit.of_subject(unit, 404, "student:1") == []

    await database.write(look)


async def test_there_is_one_school_and_it_may_be_renamed(database: Database) -> None:
    def look(unit: Unit) -> None:
        school_id = schools.ensure(unit, "Uhuru", "020 1", NOON)
        assert schools.ensure(unit, "Umoja", "020 2", LATER) == school_id
        school = schools.first(unit)
        assert school is not None
        assert (school.name, school.contact, school.created_at) == ("Umoja", "020 2", NOON)
        assert schools.is_there(unit, school_id)
        assert not schools.is_there(unit, 404)

    await database.write(look)
