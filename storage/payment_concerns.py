"""Why a payment waits for a person: a row for each reason, so that no reason hides another."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Index, UniqueConstraint, select, text, update
from sqlmodel import Field

from storage.payment_rows import PAYMENTS
from storage.schema import Row, table_of
from storage.unit import Unit, insert_once


class PaymentConcern(Row, table=True):
    """since: when it was raised, the last time. ended_at: null while a person is needed for it."""

    __tablename__: ClassVar[str] = "payment_concerns"
    __table_args__ = (
        UniqueConstraint("payment_id", "reason"),
        Index(
            "ix_payment_concerns_open",
            "school_id",
            "since",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    payment_id: int = Field(foreign_key="payments.id")
    reason: str
    since: datetime
    ended_at: datetime | None = None


CONCERNS = table_of(PaymentConcern)


def flag(unit: Unit, payment_id: int, reason: str, now: datetime) -> bool:
    """A person is needed for this reason, beside every other one. False: a person is asked for it already.

    reason: a key without a dot. One that was dealt with is raised again. Raises LookupError for an unknown
    payment.
    """
    owner = select(PAYMENTS.c.school_id).where(PAYMENTS.c.id == payment_id)
    school_id = unit.core.execute(owner).scalar_one_or_none()
    if school_id is None:
        raise LookupError(f"There is no payment {payment_id}.")
    values = {"school_id": school_id, "payment_id": payment_id, "reason": reason, "since": now}
    if insert_once(unit, CONCERNS, values, ("payment_id", "reason")) is not None:
        return True
    again = (
        update(CONCERNS)
        .where(
            CONCERNS.c.payment_id == payment_id,
            CONCERNS.c.reason == reason,
            CONCERNS.c.ended_at.is_not(None),
        )
        .values(since=now, ended_at=None)
    )
    return unit.core.execute(again).rowcount == 1


def unflag(unit: Unit, payment_id: int, reason: str, now: datetime) -> None:
    """Nobody is needed for this reason any more; the others stay."""
    end(unit, payment_id, reason, now)


def end(unit: Unit, payment_id: int, reason: str, now: datetime, *, school_id: int | None = None) -> bool:
    """As `unflag`, of this school's payments alone where one is given. False: it was not waiting."""
    ended = update(CONCERNS).where(
        CONCERNS.c.payment_id == payment_id, CONCERNS.c.reason == reason, CONCERNS.c.ended_at.is_(None)
    )
    if school_id is not None:
        ended = ended.where(CONCERNS.c.school_id == school_id)
    return unit.core.execute(ended.values(ended_at=now)).rowcount == 1


def concerns_of(unit: Unit, payment_id: int) -> dict[str, datetime]:
    """For which reasons a person is needed, and since when, oldest first."""
    waiting = (
        select(CONCERNS.c.reason, CONCERNS.c.since)
        .where(CONCERNS.c.payment_id == payment_id, CONCERNS.c.ended_at.is_(None))
        .order_by(CONCERNS.c.since, CONCERNS.c.id)
    )
    return {row.reason: row.since for row in unit.core.execute(waiting)}
