"""People: found by admission number and by phone, tied and untied, and the staff's one-time links."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError, NoResultFound

from storage import people
from storage.database import Database, Unit
from tests.builders import (
    NOON,
    PHONE,
    a_chat,
    a_guardian_with_children,
    a_school,
    a_staff_member,
    a_student,
)

LATER = NOON + timedelta(hours=1)


async def test_a_child_is_found_however_its_number_is_written(database: Database) -> None:
    def look(unit: Unit) -> None:
        school_id = a_school(unit)
        child = a_student(unit, school_id, admission_number="ADM/1042/24")
        for written in ("ADM/1042/24", "adm/1042/24", " ADM / 1042/24"):
            assert people.find_student(unit, school_id, written) == child
        assert people.find_student(unit, school_id, "ADM/104/224") is None
        assert people.find_student(unit, 404, "ADM/1042/24") is None
        found = people.find_students(unit, school_id, ["adm/1042/24", "unknown"])
        assert found == {"ADM/1042/24": child}
        assert people.get_student(unit, child.id) == child
        with pytest.raises(NoResultFound):
            people.get_student(unit, 404)

    await database.write(look)


async def test_a_child_is_made_once_and_brought_up_to_date(database: Database) -> None:
    def look(unit: Unit) -> None:
        school_id = a_school(unit)

        def save(name: str, number: str = "1042") -> tuple[int, bool]:
            child, is_new = people.save_student(
                unit,
                school_id=school_id,
                admission_number=number,
                name=name,
                class_name="Grade 4",
                account_reference="1042",
                now=LATER,
            )
            return child.id, is_new

        child_id, is_new = save("Achieng")
        assert is_new
        assert save("Achieng Otieno") == (child_id, False)
        assert people.get_student(unit, child_id).name == "Achieng Otieno"
        with pytest.raises(IntegrityError), unit.session.begin_nested():
            save("Another child, same reference", "1043")

    await database.write(look)


async def test_a_guardian_is_found_by_phone_and_by_nothing_that_is_stored_in_clear(
    database: Database,
) -> None:
    def look(unit: Unit) -> None:
        family = a_guardian_with_children(unit, a_school(unit), phone=PHONE)
        found = people.find_guardian_by_phone(unit, 1, PHONE)
        assert found == family.guardian
        assert people.guardian_phone(unit, family.guardian) == PHONE
        assert people.find_guardian_by_phone(unit, 1, "254700000000") is None
        assert people.find_guardian_by_phone(unit, 404, PHONE) is None
        again, is_new = people.save_guardian(unit, school_id=1, name="Baba", phone=PHONE, now=LATER)
        assert (again.id, again.name, is_new) == (family.guardian.id, "Baba", False)

    await database.write(look)


async def test_children_are_tied_once_and_untied(database: Database) -> None:
    def look(unit: Unit) -> None:
        family = a_guardian_with_children(unit, a_school(unit), children=("Wafula", "Achieng"))
        other = a_guardian_with_children(unit, 1)
        assert [child.name for child in people.children_of(unit, family.guardian.id)] == ["Achieng", "Wafula"]
        wafula = family.child

        def entrust() -> bool:
            return people.entrust(
                unit, school_id=1, guardian_id=other.guardian.id, student_id=wafula.id, now=NOON
            )

        assert entrust()
        assert not entrust()
        assert people.guardians_of(unit, wafula.id) == [family.guardian, other.guardian]
        assert people.keep_guardians(unit, wafula.id, [other.guardian.id]) == 1
        assert people.guardians_of(unit, wafula.id) == [other.guardian]
        assert people.keep_guardians(unit, wafula.id, []) == 1
        assert people.guardians_of(unit, wafula.id) == []
        assert people.counts(unit, 1) == people.Counts(students=3, guardians=2, linked_chats=2)

    await database.write(look)


async def test_a_chat_is_one_row_and_remembers(database: Database) -> None:
    def look(unit: Unit) -> None:
        school_id = a_school(unit)
        chat = a_chat(unit, school_id, address="77", language="sw")
        again = people.open_chat(unit, school_id=school_id, channel="telegram", address="77", now=LATER)
        assert (again.id, again.language, again.created_at) == (chat.id, "sw", NOON)
        people.block_chat(unit, chat.id, LATER)
        assert people.get_chat(unit, chat.id).blocked_at == LATER
        people.unblock_chat(unit, chat.id)
        assert people.get_chat(unit, chat.id).blocked_at is None
        assert people.chat_at(unit, school_id, "ussd", "77") is None
        with pytest.raises(NoResultFound):
            people.get_chat(unit, 404)

    await database.write(look)


async def test_a_staff_link_works_once_for_24_hours(database: Database) -> None:
    def look(unit: Unit) -> None:
        school_id = a_school(unit)
        member = people.add_staff(unit, school_id, "Bursar", "admin", NOON)
        end = NOON + timedelta(hours=24)
        people.add_invite(unit, school_id, member.id, "secret-code", end, NOON)
        chats = [a_chat(unit, school_id).id for _ in range(2)]

        def state(now: datetime = NOON) -> str:
            return people.invite_state(unit, school_id, "secret-code", now)

        def use(chat_id: int, code: str = "secret-code") -> object:
            return people.use_invite(unit, school_id=school_id, code=code, chat_id=chat_id, now=LATER)

        assert (state(), state(end)) == ("good", "expired")
        assert people.invite_state(unit, school_id, "guess", NOON) == "unknown"
        assert people.invite_state(unit, 404, "secret-code", NOON) == "unknown"
        assert use(chats[0], "guess") is None
        assert people.admins(unit, school_id) == []
        assert use(chats[0]) is not None
        assert use(chats[1]) is None
        assert state() == "used"
        seated = people.staff_of_chat(unit, chats[0])
        assert seated is not None
        assert (seated.name, seated.role) == ("Bursar", "admin")
        assert people.staff_of_chat(unit, chats[1]) is None
        assert people.admins(unit, school_id) == [seated]

    await database.write(look)


async def test_an_expired_link_and_a_removed_members_link_seat_nobody(database: Database) -> None:
    def look(unit: Unit) -> None:
        school_id = a_school(unit)
        chat = a_chat(unit, school_id)
        for code, lives, removed in (("old", False, False), ("gone", True, True)):
            member = people.add_staff(unit, school_id, code, "staff", NOON)
            end = LATER + timedelta(hours=1) if lives else LATER
            people.add_invite(unit, school_id, member.id, code, end, NOON)
            if removed:
                assert people.remove_staff(unit, member.id, NOON)
            assert people.use_invite(unit, school_id=school_id, code=code, chat_id=chat.id, now=LATER) is None
        assert people.staff_of_chat(unit, chat.id) is None

    await database.write(look)


async def test_a_removed_member_loses_the_role_at_once_and_may_be_invited_again(database: Database) -> None:
    def look(unit: Unit) -> None:
        school_id = a_school(unit)
        member, chat = a_staff_member(unit, school_id, role="admin")
        assert people.remove_staff(unit, member.id, LATER)
        assert not people.remove_staff(unit, member.id, LATER)
        assert people.staff_of_chat(unit, chat.id) is None
        assert people.staff_list(unit, school_id) == []
        again = people.add_staff(unit, school_id, "Bursar", "staff", LATER)
        people.add_invite(unit, school_id, again.id, "new", LATER + timedelta(hours=1), LATER)
        seated = people.use_invite(unit, school_id=school_id, code="new", chat_id=chat.id, now=LATER)
        assert seated is not None
        assert seated.id == again.id

    await database.write(look)


async def test_there_is_no_third_role(database: Database) -> None:
    with pytest.raises(ValueError, match="owner"):
        await database.write(lambda unit: people.add_staff(unit, a_school(unit), "X", "owner", NOON))
