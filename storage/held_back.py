"""Parents whose prompt was not sent because the school's M-PESA line was down: to be told when it works again.

A row for each chat and child: whoever tries again while the line is down is held back once, with the last amount.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from sqlalchemy import BigInteger, Index, UniqueConstraint, func, or_, select, text, update
from sqlmodel import Field

from storage.claims import CLAIMS
from storage.payment_rows import PAYMENTS, Payment
from storage.payment_state import OPEN
from storage.receipt_rows import RECEIPTS
from storage.schema import Row, one_of, table_of
from storage.unit import Unit, insert_once

LINE_DOWN: Final = "line_down"  #: the cause of payments whose prompt was not sent because of it


class Waiting(StrEnum):
    """Whether somebody still waits to be told."""

    WAITING = "waiting"
    TOLD = "told"
    NOT_NEEDED = "not_needed"  #: paid meanwhile, or paying again
    TOO_LATE = "too_late"  #: a day went by, or the chat or the child is gone


class HeldBack(Row, table=True):
    """payment_id: the last try, where nothing was sent. outage: of the line, the number of the last one.

    since: when this chat first tried for this child. at: the last time. outbox_id: the message that told it.
    """

    __tablename__: ClassVar[str] = "held_back"
    __table_args__ = (
        one_of("state", Waiting),
        UniqueConstraint("payment_id"),
        Index(
            "uq_held_back_waiting",
            "school_id",
            "chat_id",
            "student_id",
            unique=True,
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_held_back_outage", "school_id", "outage"),
        Index("ix_held_back_child", "student_id", "chat_id"),
    )

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    outage: int
    chat_id: int = Field(foreign_key="chats.id")
    student_id: int = Field(foreign_key="students.id")
    payment_id: int = Field(foreign_key="payments.id")
    amount_cents: int = Field(sa_type=BigInteger)
    state: str = Waiting.WAITING
    since: datetime
    at: datetime
    ended_at: datetime | None = None
    outbox_id: int | None = Field(default=None, foreign_key="outbox_messages.id", index=True)


HELD = table_of(HeldBack)
_C = HELD.c


def add(unit: Unit, payment: Payment, outage: int, now: datetime) -> None:
    """This payment's prompt was not sent: its chat hears when the line works. Twice is once."""
    tried = {"outage": outage, "payment_id": payment.id, "amount_cents": payment.amount_cents, "at": now}
    whose = {
        "school_id": payment.school_id,
        "chat_id": payment.chat_id,
        "student_id": payment.student_id,
    }
    if insert_once(unit, HELD, {**whose, **tried, "state": Waiting.WAITING.value, "since": now}) is not None:
        return
    mine = [_C[name] == value for name, value in whose.items()]
    newer = (_C.state == Waiting.WAITING, _C.at <= now)
    unit.core.execute(update(HELD).where(*mine, *newer).values(tried))


def waiting_chats(unit: Unit, school_id: int, limit: int) -> list[int]:
    """Chats that are to be told, who waits longest first."""
    longest = func.min(_C.since)
    statement = (
        select(_C.chat_id)
        .where(_C.school_id == school_id, text("state = 'waiting'"))
        .group_by(_C.chat_id)
        .order_by(longest, _C.chat_id)
        .limit(limit)
    )
    return list(unit.core.execute(statement).scalars())


def waiting_of(unit: Unit, school_id: int, chat_id: int) -> list[HeldBack]:
    """What this chat is to be told of, the first try first."""
    statement = (
        select(HeldBack)
        .where(_C.school_id == school_id, _C.chat_id == chat_id, text("state = 'waiting'"))
        .order_by(_C.since, _C.id)
    )
    return list(unit.session.scalars(statement, execution_options={"populate_existing": True}))


def end(
    unit: Unit, ids: Collection[int], state: Waiting, now: datetime, *, outbox_id: int | None = None
) -> int:
    """They wait no longer; how many of them still did."""
    ended = (
        update(HELD)
        .where(_C.id.in_(ids), _C.state == Waiting.WAITING)
        .values(state=state.value, ended_at=now, outbox_id=outbox_id)
    )
    return unit.core.execute(ended).rowcount


def is_moot(unit: Unit, held: HeldBack) -> bool:
    """Whether that child was paid for since (by this chat, by hand, or as much), this chat is at it again, or it sent
    in the code of a payment.
    """
    as_good = or_(
        RECEIPTS.c.payment_id.is_(None),
        PAYMENTS.c.chat_id == held.chat_id,
        RECEIPTS.c.amount_cents >= held.amount_cents,
    )
    money = (
        select(RECEIPTS.c.id)
        .join(PAYMENTS, PAYMENTS.c.id == RECEIPTS.c.payment_id, isouter=True)
        .where(
            RECEIPTS.c.student_id == held.student_id,
            RECEIPTS.c.created_at >= held.since,
            as_good,
        )
    )
    again = select(PAYMENTS.c.id).where(
        PAYMENTS.c.chat_id == held.chat_id,
        PAYMENTS.c.student_id == held.student_id,
        PAYMENTS.c.created_at >= held.since,
        PAYMENTS.c.status.in_(OPEN),
    )
    code = select(CLAIMS.c.id).where(CLAIMS.c.chat_id == held.chat_id, CLAIMS.c.created_at >= held.since)
    found = select(or_(money.exists(), again.exists(), code.exists()))
    return bool(unit.core.execute(found).scalar_one())


def chats_of(unit: Unit, school_id: int, outage: int) -> int:
    """How many chats were held back in that outage."""
    counted = select(func.count(_C.chat_id.distinct())).where(_C.school_id == school_id, _C.outage == outage)
    return int(unit.core.execute(counted).scalar_one())
