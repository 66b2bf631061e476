"""Reminders: who owes and can be reached, once each, and how far it came."""

from __future__ import annotations

from datetime import timedelta

from storage import chats, outbox, people, reminders
from storage.database import Database, Unit
from storage.reminders import Arrears, Progress
from tests.builders import NOON, a_chat, a_guardian_with_children, a_school, a_staff_member, a_student

LATER = NOON + timedelta(minutes=1)


def start(unit: Unit, school_id: int, intent_id: str = "telegram:1:3") -> int | None:
    """Starts a campaign for a new admin."""
    _, chat = a_staff_member(unit, school_id, role="admin")
    return reminders.start(unit, school_id=school_id, intent_id=intent_id, admin_chat_id=chat.id, now=NOON)


def queue(unit: Unit, target: reminders.CampaignTarget) -> int:
    """Queues the target's message."""
    message = outbox.add(
        unit,
        school_id=1,
        chat_id=target.chat_id,
        kind="reminder",
        body={},
        dedupe_key=f"reminder:{target.id}",
        now=NOON,
    )
    assert message is not None
    assert reminders.mark(unit, target.id, "queued", message.id)
    return message.id


async def test_arrears_count_families_children_and_those_without_a_chat(database: Database) -> None:
    def look(unit: Unit) -> None:
        school_id = a_school(unit)
        two = a_guardian_with_children(unit, school_id, children=("Achieng", "Wafula"), owes_cents=100_00)
        a_guardian_with_children(unit, school_id, name="Baba Njeri", children=("Njeri",), owes_cents=900_00)
        a_guardian_with_children(unit, school_id, children=("Paid",), owes_cents=0)
        a_guardian_with_children(unit, school_id, children=("Credit",), owes_cents=-50_00)
        a_student(unit, school_id, name="Nobody's", owes_cents=70_00)
        gone = a_guardian_with_children(unit, school_id, children=("Gone",), owes_cents=70_00)
        chats.block_chat(unit, gone.chat.id, NOON)
        grandmother = a_guardian_with_children(unit, school_id, name="Grandmother", children=())
        people.entrust(
            unit,
            school_id=school_id,
            guardian_id=grandmother.guardian.id,
            student_id=two.child.id,
            now=NOON,
        )
        found = reminders.arrears(unit, school_id, 2)
        assert found == Arrears(
            families=3,
            children=3,
            total_cents=1_100_00,
            unreachable=2,
            sample=(("Baba Njeri", "Njeri", 900_00), ("Mama Achieng", "Achieng", 100_00)),
        )

    await database.write(look)


async def test_a_school_where_nobody_owes_has_no_arrears(database: Database) -> None:
    found = await database.write(lambda unit: reminders.arrears(unit, a_school(unit)))
    assert found == Arrears(0, 0, 0, 0)


async def test_a_campaign_reaches_each_guardian_once_for_each_child(database: Database) -> None:
    def look(unit: Unit) -> None:
        school_id = a_school(unit)
        family = a_guardian_with_children(unit, school_id, children=("Achieng", "Wafula"))
        newer = a_chat(unit, school_id)
        chats.link(unit, chat_id=newer.id, guardian_id=family.guardian.id, now=NOON)
        campaign_id = start(unit, school_id)
        assert campaign_id is not None
        assert start(unit, school_id) is None
        targets = reminders.take_targets(unit, campaign_id, 10)
        assert [(target.student_id, target.chat_id) for target in targets] == [
            (child.id, newer.id) for child in family.children
        ]
        assert reminders.running(unit, school_id) == [campaign_id]

    await database.write(look)


async def test_progress_is_told_when_it_changes(database: Database) -> None:
    def look(unit: Unit) -> None:
        school_id = a_school(unit)
        for _ in range(3):
            a_guardian_with_children(unit, school_id)
        campaign_id = start(unit, school_id)
        assert campaign_id is not None
        first, second = reminders.take_targets(unit, campaign_id, 2)
        queue(unit, first)
        queue(unit, second)
        (third,) = reminders.take_targets(unit, campaign_id, 2)
        assert reminders.mark(unit, third.id, "skipped")
        assert not reminders.mark(unit, third.id, "queued")
        assert reminders.take_targets(unit, campaign_id, 2) == []
        reached = reminders.progress(unit, campaign_id)
        assert reached == Progress(total=3, sent=0, skipped=1, failed=0)
        assert not reached.finished
        assert reminders.note_progress(unit, campaign_id, reached)
        assert not reminders.note_progress(unit, campaign_id, reached)
        for message in outbox.claim(unit, LATER, 60, 10):
            if message.id == first.outbox_id or message.chat_id == first.chat_id:
                outbox.mark_sent(unit, message.id, message.lease, "m", LATER)
            else:
                outbox.mark_failed(unit, message.id, message.lease, "unknown", LATER)
        reached = reminders.progress(unit, campaign_id)
        assert reached == Progress(total=3, sent=1, skipped=1, failed=1)
        assert reached.finished
        assert reminders.note_progress(unit, campaign_id, reached)
        assert reminders.finish(unit, campaign_id, LATER)
        assert not reminders.finish(unit, campaign_id, LATER)
        assert reminders.running(unit, school_id) == []
        assert reminders.get(unit, campaign_id).finished_at == LATER

    await database.write(look)


async def test_a_campaign_that_reaches_nobody_is_finished(database: Database) -> None:
    def look(unit: Unit) -> None:
        campaign_id = start(unit, a_school(unit))
        assert campaign_id is not None
        assert reminders.progress(unit, campaign_id) == Progress(0, 0, 0, 0)
        assert reminders.progress(unit, campaign_id).finished

    await database.write(look)
