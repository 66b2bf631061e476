"""How soon M-PESA takes a prompt after another one to the same phone: a claim that comes earlier is put off."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from storage.payment_door import get
from storage.payment_rows import PAYMENTS, Payment
from storage.payment_state import AWAITING, PaymentStatus
from storage.unit import Unit

#: M-PESA refuses the same amount from one phone within two minutes by its own clock: ours adds a margin.
SAME_AMOUNT = timedelta(seconds=125)
AFTER_LOCK = timedelta(
    seconds=65
)  #: no prompt to a phone for so long after M-PESA could not lock it; with a margin
LOCKED = "subscriber_locked"  #: the cause of those payments
UNREAD = "token_refused"  #: the cause of payments whose push M-PESA answered without having read it


def earliest(unit: Unit, payment: Payment) -> datetime:
    """When M-PESA takes this amount from this phone; its push_at when nothing is in the way."""
    others = (PAYMENTS.c.phone_hash == payment.phone_hash, PAYMENTS.c.id != payment.id)
    asked = select(func.max(PAYMENTS.c.pushed_at)).where(
        *others,
        PAYMENTS.c.amount_cents == payment.amount_cents,
        PAYMENTS.c.reached_mpesa,
        PAYMENTS.c.cause != UNREAD,
    )
    locked = select(func.max(PAYMENTS.c.settled_at)).where(*others, PAYMENTS.c.cause == LOCKED)
    moments = [payment.push_at]
    for last, gap in ((asked, SAME_AMOUNT), (locked, AFTER_LOCK)):
        if (at := unit.core.execute(last).scalar_one()) is not None:
            moments.append(at + gap)
    return max(moments)


def put_off(unit: Unit, payment_id: int, now: datetime) -> Payment | None:
    """Moves the push_at of a due payment to when M-PESA takes it. None: nothing but an open prompt hinders it, or it is
    not queued or not due any more.
    """
    payment = get(unit, payment_id)
    if payment is None or payment.status != PaymentStatus.QUEUED or payment.push_at > now:
        return None
    at = earliest(unit, payment)
    if at <= now or _is_held(unit, payment):
        return None
    moved = unit.core.execute(
        update(PAYMENTS)
        .where(
            PAYMENTS.c.id == payment_id, PAYMENTS.c.status == PaymentStatus.QUEUED, PAYMENTS.c.push_at <= now
        )
        .values(push_at=at, updated_at=now)
    )
    return get(unit, payment_id) if moved.rowcount == 1 else None


def _is_held(unit: Unit, payment: Payment) -> bool:
    holding = select(PAYMENTS.c.id).where(
        PAYMENTS.c.holds_phone == payment.phone_hash, PAYMENTS.c.status.in_(AWAITING)
    )
    return unit.core.execute(holding).first() is not None
