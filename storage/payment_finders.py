"""Finding payments: by what M-PESA names them by, by chat, by child, by phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, text
from sqlmodel import col
from sqlmodel import select as select_rows

from storage.payment_door import CHECKOUT, TOKEN
from storage.payment_gaps import AFTER_LOCK, LOCKED, UNREAD
from storage.payment_rows import PAYMENTS, Payment
from storage.payment_state import AWAITING, OPEN, PaymentStatus
from storage.payment_work import BLOCK
from storage.people import PHONE
from storage.unit import Unit

_ONE_OF_A_CHILD = text("SELECT pg_advisory_xact_lock(hashtextextended(:child, 0))")


@dataclass(frozen=True, slots=True)
class RecentPush:
    """A push of the last five minutes. holding_until: set while a prompt may still be open on that phone.

    locked_until: set when M-PESA could not lock the phone for it; it refuses every prompt there for a minute.
    """

    payment_id: int
    phone: str = field(repr=False)
    amount_cents: int
    pushed_at: datetime
    holding_until: datetime | None
    locked_until: datetime | None = None


def by_token(unit: Unit, token: str) -> Payment | None:
    """The payment whose callback address ends in this token."""
    return _first(unit, Payment.token_hash == unit.vault.hash(TOKEN, token))


def locked(unit: Unit, payment_id: int) -> Payment | None:
    """A payment by id as it is now; it stays so until the unit ends, whatever other processes want of it."""
    statement = select_rows(Payment).where(Payment.id == payment_id).with_for_update()
    return unit.session.exec(statement.execution_options(populate_existing=True)).first()


def lock_child(unit: Unit, student_id: int) -> None:
    """Payments of one child become paid one after the other, so that the second sees the first. On PostgreSQL whoever
    else asks for this waits until the unit ends; work on the school's list does not.
    """
    if unit.shared:
        unit.core.execute(_ONE_OF_A_CHILD, {"child": f"payments of child {student_id}"})


def by_checkout(unit: Unit, checkout_request_id: str) -> Payment | None:
    """The payment that M-PESA knows by this id."""
    return _first(unit, Payment.checkout_hash == unit.vault.hash(CHECKOUT, checkout_request_id))


def same_checkout(unit: Unit, payment: Payment, checkout_request_id: str) -> bool | None:
    """Whether this is the payment's CheckoutRequestID; None while we do not know its own."""
    if payment.checkout_hash is None:
        return None
    return payment.checkout_hash == unit.vault.hash(CHECKOUT, checkout_request_id)


def open_for_chat(unit: Unit, chat_id: int) -> list[Payment]:
    """The chat's open payments, oldest first."""
    return _rows(unit, Payment.chat_id == chat_id, col(Payment.status).in_(OPEN))


def open_for_students(unit: Unit, student_ids: Sequence[int]) -> list[Payment]:
    """Open payments for these children, from whichever chat, oldest first."""
    return _rows(unit, col(Payment.student_id).in_(student_ids), col(Payment.status).in_(OPEN))


def queued_like(unit: Unit, paid: Payment) -> list[Payment]:
    """Prompts that still wait to be sent for the same child, amount and phone: another try at what is paid now."""
    return _rows(
        unit,
        Payment.student_id == paid.student_id,
        Payment.amount_cents == paid.amount_cents,
        Payment.phone_hash == paid.phone_hash,
        Payment.status == PaymentStatus.QUEUED,
    )


def paid_beside(unit: Unit, paid: Payment) -> list[Payment]:
    """Other paid payments of the same child and amount that were begun before the other was known to be paid."""
    same = _rows(
        unit,
        Payment.student_id == paid.student_id,
        Payment.amount_cents == paid.amount_cents,
        Payment.status == PaymentStatus.PAID,
        Payment.id != paid.id,
    )
    return [
        other
        for other in same
        if paid.created_at <= (other.settled_at or paid.created_at)
        and other.created_at <= (paid.settled_at or other.created_at)
    ]


def count_to(unit: Unit, shortcode: str) -> int:
    """How many payments were begun to a shortcode."""
    statement = select(func.count()).where(PAYMENTS.c.shortcode == shortcode)
    return int(unit.core.execute(statement).scalar_one())


def recent_for_chat(unit: Unit, chat_id: int, limit: int = 5) -> list[Payment]:
    """The chat's payments, newest first, open ones included."""
    newest = (
        select_rows(Payment)
        .where(Payment.chat_id == chat_id)
        .order_by(col(Payment.created_at).desc(), col(Payment.id).desc())
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return list(unit.session.exec(newest))


def recent_pushes(unit: Unit, phones: Sequence[str], now: datetime) -> list[RecentPush]:
    """Pushes of the last five minutes to these phones, newest first; those that surely never left are not
    among them.
    """
    by_hash = {unit.vault.hash(PHONE, phone): phone for phone in phones}
    statement = (
        select(PAYMENTS)
        .where(
            PAYMENTS.c.phone_hash.in_(by_hash),
            PAYMENTS.c.reached_mpesa,
            PAYMENTS.c.cause != UNREAD,
            or_(PAYMENTS.c.pushed_at > now - BLOCK, PAYMENTS.c.holds_phone.is_not(None)),
        )
        .order_by(PAYMENTS.c.pushed_at.desc())
    )
    return [
        RecentPush(
            payment_id=row.id,
            phone=by_hash[row.phone_hash],
            amount_cents=row.amount_cents,
            pushed_at=row.pushed_at,
            holding_until=row.blocked_until
            if row.holds_phone is not None and row.status in AWAITING
            else None,
            locked_until=row.settled_at + AFTER_LOCK if row.cause == LOCKED and row.settled_at else None,
        )
        for row in unit.core.execute(statement)
    ]


def _first(unit: Unit, condition: ColumnElement[bool] | bool) -> Payment | None:
    return next(iter(_rows(unit, condition)), None)


def _rows(unit: Unit, *conditions: ColumnElement[bool] | bool) -> list[Payment]:
    statement = select_rows(Payment).where(*conditions).order_by(col(Payment.id))
    return list(unit.session.exec(statement.execution_options(populate_existing=True)))
