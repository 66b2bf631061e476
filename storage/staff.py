"""Staff members, and the one-time links by which a chat becomes theirs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import Index, text, update
from sqlmodel import Field, col, select

from storage.schema import Row, one_of, table_of
from storage.unit import Unit


class Role(StrEnum):
    """Staff look receipts up; admins also remind."""

    STAFF = "staff"
    ADMIN = "admin"


class StaffMember(Row, table=True):
    """chat_id is null until the link was used."""

    __tablename__: ClassVar[str] = "staff_members"
    __table_args__ = (
        one_of("role", Role),
        Index(
            "uq_staff_members_chat_id_present",
            "chat_id",
            unique=True,
            sqlite_where=text("chat_id IS NOT NULL AND removed_at IS NULL"),
            postgresql_where=text("chat_id IS NOT NULL AND removed_at IS NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id", index=True)
    name: str
    role: str
    chat_id: int | None = Field(default=None, foreign_key="chats.id")
    created_at: datetime
    removed_at: datetime | None = None


class StaffInvite(Row, table=True):
    """A one-time link; only its code's hash is stored."""

    __tablename__: ClassVar[str] = "staff_invites"

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    staff_id: int = Field(foreign_key="staff_members.id", index=True)
    code_hash: str = Field(unique=True, repr=False)
    expires_at: datetime
    used_at: datetime | None = None
    used_by_chat_id: int | None = Field(default=None, foreign_key="chats.id")
    created_at: datetime


def add_staff(unit: Unit, school_id: int, name: str, role: str, now: datetime) -> StaffMember:
    """A new member, without a chat yet. Raises ValueError for a role that there is not."""
    member = StaffMember(school_id=school_id, name=name, role=Role(role).value, created_at=now)
    unit.session.add(member)
    unit.session.flush()
    return member


def add_invite(
    unit: Unit, school_id: int, staff_id: int, code: str, expires_at: datetime, now: datetime
) -> StaffInvite:
    """A link for the member. code: secret and random; only its hash is kept."""
    code_hash = unit.vault.hash("invite", code)
    invite = StaffInvite(
        school_id=school_id, staff_id=staff_id, code_hash=code_hash, expires_at=expires_at, created_at=now
    )
    unit.session.add(invite)
    unit.session.flush()
    return invite


def find_invite(unit: Unit, school_id: int, code: str) -> StaffInvite | None:
    """The link with that code, whatever its state."""
    return unit.session.exec(
        select(StaffInvite).where(
            StaffInvite.school_id == school_id, StaffInvite.code_hash == unit.vault.hash("invite", code)
        )
    ).first()


def invite_state(unit: Unit, school_id: int, code: str, now: datetime) -> str:
    """good, used, expired or unknown."""
    invite = find_invite(unit, school_id, code)
    if invite is None:
        return "unknown"
    if invite.used_at is not None:
        return "used"
    return "good" if invite.expires_at > now else "expired"


def use_invite(unit: Unit, *, school_id: int, code: str, chat_id: int, now: datetime) -> StaffMember | None:
    """Spends the link on this chat. None: it is not good, its member was removed, or the chat has a role
    already.
    """
    invite = find_invite(unit, school_id, code)
    if invite is None or staff_of_chat(unit, chat_id) is not None:
        return None
    invites, members = table_of(StaffInvite), table_of(StaffMember)
    spent = unit.core.execute(
        update(invites)
        .where(invites.c.id == invite.id, invites.c.used_at.is_(None), invites.c.expires_at > now)
        .values(used_at=now, used_by_chat_id=chat_id)
    )
    if spent.rowcount != 1:
        return None
    seated = unit.core.execute(
        update(members)
        .where(members.c.id == invite.staff_id, members.c.removed_at.is_(None))
        .values(chat_id=chat_id)
    )
    if seated.rowcount != 1:
        return None
    return unit.session.get(StaffMember, invite.staff_id, populate_existing=True)


def staff_of_chat(unit: Unit, chat_id: int) -> StaffMember | None:
    """The present member who speaks in this chat."""
    return unit.session.exec(
        select(StaffMember).where(StaffMember.chat_id == chat_id, col(StaffMember.removed_at).is_(None))
    ).first()


def staff_list(unit: Unit, school_id: int) -> list[StaffMember]:
    """Every present member, in the order in which they were added."""
    return list(
        unit.session.exec(
            select(StaffMember)
            .where(StaffMember.school_id == school_id, col(StaffMember.removed_at).is_(None))
            .order_by(col(StaffMember.id))
        )
    )


def admins(unit: Unit, school_id: int) -> list[StaffMember]:
    """Every present admin who has a chat."""
    return [
        member
        for member in staff_list(unit, school_id)
        if member.role == Role.ADMIN and member.chat_id is not None
    ]


def remove_staff(unit: Unit, staff_id: int, now: datetime) -> bool:
    """Takes the role away at once, and makes an unused link worthless. False: there was none such."""
    members = table_of(StaffMember)
    gone = unit.core.execute(
        update(members).where(members.c.id == staff_id, members.c.removed_at.is_(None)).values(removed_at=now)
    )
    return gone.rowcount == 1
