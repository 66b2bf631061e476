"""Children, guardians and who belongs to whom. A phone is 254 and 9 digits; it is stored encrypted, with a
keyed hash.

Chats and staff have files of their own; their functions can be called from here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple

from sqlalchemy import UniqueConstraint, delete, func
from sqlmodel import Field, col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.chats import Chat, block_chat, chat_at, get_chat, link, open_chat, set_language, unblock_chat
from storage.schema import Row, table_of
from storage.staff import (  # fmt: skip
    StaffInvite,
    StaffMember,
    add_invite,
    add_staff,
    admins,
    find_invite,
    invite_state,
    remove_staff,
    staff_list,
    staff_of_chat,
    use_invite,
)
from storage.students import (  # fmt: skip
    Student,
    admission_key,
    find_student,
    find_students,
    get_student,
    lock_student,
    save_student,
)
from storage.unit import Unit, insert_once
from storage.updates import forget_updates, see_update

__all__ = [
    "PHONE", "Chat", "Counts", "Guardian", "Guardianship", "StaffInvite", "StaffMember", "Student",
    "add_invite", "add_staff", "admins", "admission_key", "block_chat", "chat_at", "children_of",
    "counts", "entrust", "find_guardian_by_phone", "find_invite", "find_student", "find_students",
    "forget_updates", "get_chat", "get_guardian", "get_student", "guardian_phone", "guardians_of",
    "invite_state", "keep_guardians", "link", "lock_student", "open_chat", "remove_staff", "save_guardian",
    "save_student", "see_update", "set_language", "staff_list", "staff_of_chat", "unblock_chat",
    "use_invite",
]  # fmt: skip

PHONE = "phone"  #: the purpose under which phones are hashed


class Guardian(Row, table=True):
    """A parent or another who pays, known by one phone."""

    __tablename__: ClassVar[str] = "guardians"
    __table_args__ = (UniqueConstraint("school_id", "phone_hash"),)

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    name: str
    phone_enc: bytes = Field(repr=False)
    phone_hash: str = Field(repr=False)
    created_at: datetime
    updated_at: datetime


class Guardianship(Row, table=True):
    """This guardian may see and pay for this child."""

    __tablename__: ClassVar[str] = "guardianships"
    __table_args__ = (UniqueConstraint("guardian_id", "student_id"),)

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    guardian_id: int = Field(foreign_key="guardians.id")
    student_id: int = Field(foreign_key="students.id", index=True)
    created_at: datetime


def save_guardian(
    unit: Unit, *, school_id: int, name: str, phone: str, now: datetime
) -> tuple[Guardian, bool]:
    """A guardian by phone, made or renamed; the bool says that it is new."""
    guardian = find_guardian_by_phone(unit, school_id, phone)
    is_new = guardian is None
    if guardian is None:
        guardian = Guardian(
            school_id=school_id,
            name=name,
            phone_enc=unit.vault.seal(phone),
            phone_hash=unit.vault.hash(PHONE, phone),
            created_at=now,
            updated_at=now,
        )
    if guardian.name != name:
        guardian.name, guardian.updated_at = name, now
    unit.session.add(guardian)
    unit.session.flush()
    return guardian, is_new


def find_guardian_by_phone(unit: Unit, school_id: int, phone: str) -> Guardian | None:
    """The guardian whose phone this is: 254 and 9 digits."""
    phone_hash = unit.vault.hash(PHONE, phone)
    return unit.session.exec(
        select(Guardian).where(Guardian.school_id == school_id, Guardian.phone_hash == phone_hash)
    ).first()


def get_guardian(unit: Unit, guardian_id: int) -> Guardian | None:
    """A guardian by id."""
    return unit.session.get(Guardian, guardian_id)


def guardian_phone(unit: Unit, guardian: Guardian) -> str:
    """The guardian's phone: 254 and 9 digits."""
    return unit.vault.open_text(guardian.phone_enc)


def entrust(unit: Unit, *, school_id: int, guardian_id: int, student_id: int, now: datetime) -> bool:
    """Lets the guardian see and pay for the child. False: it was so already."""
    values = {
        "school_id": school_id, "guardian_id": guardian_id, "student_id": student_id, "created_at": now
    }  # fmt: skip
    return insert_once(unit, table_of(Guardianship), values) is not None


def keep_guardians(unit: Unit, student_id: int, guardian_ids: Sequence[int]) -> int:
    """Takes the child from every guardian who is not named; returns from how many."""
    gone = delete(Guardianship).where(
        col(Guardianship.student_id) == student_id, col(Guardianship.guardian_id).not_in(guardian_ids)
    )
    return int(unit.core.execute(gone).rowcount)


def children_of(unit: Unit, guardian_id: int) -> list[Student]:
    """The guardian's children, by name."""
    return list(
        unit.session.exec(
            select(Student)
            .join(Guardianship, col(Guardianship.student_id) == col(Student.id))
            .where(Guardianship.guardian_id == guardian_id)
            .order_by(col(Student.name), col(Student.id))
        )
    )


def guardians_of(unit: Unit, student_id: int) -> list[Guardian]:
    """The child's guardians, in the order in which they were named."""
    return list(
        unit.session.exec(
            select(Guardian)
            .join(Guardianship, col(Guardianship.guardian_id) == col(Guardian.id))
            .where(Guardianship.student_id == student_id)
            .order_by(col(Guardianship.id))
        )
    )


class Counts(NamedTuple):
    """How many of each the school has; linked_chats: chats tied to a guardian."""

    students: int
    guardians: int
    linked_chats: int


def counts(unit: Unit, school_id: int) -> Counts:
    """Counts once, in three queries."""
    linked = select(func.count(col(Chat.guardian_id))).where(Chat.school_id == school_id)
    return Counts(
        students=_count(unit, select(func.count(col(Student.id))).where(Student.school_id == school_id)),
        guardians=_count(unit, select(func.count(col(Guardian.id))).where(Guardian.school_id == school_id)),
        linked_chats=_count(unit, linked),
    )


def _count(unit: Unit, statement: SelectOfScalar[int]) -> int:
    return unit.session.exec(statement).one()
