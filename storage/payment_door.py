"""A payment's row, its birth, and the one door through which its status changes.

Nobody else writes `status`. Everything a move brings with it (event row, announcement) stands in the same
unit of work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update

from storage.payment_events import write_event
from storage.payment_rows import PAYMENTS, Payment
from storage.payment_state import OPEN, SETTLED, PaymentStatus, event_of, may_move
from storage.people import PHONE
from storage.unit import Unit, insert_once

S = PaymentStatus
TOKEN, CHECKOUT = "payment token", "checkout"  #: the purposes under which these are hashed

#: Called once for every move, in the same unit of work: (unit, payment as it is now, event name).
Announce = Callable[[Unit, Payment, str], None]


#: What `move` and `change` may set beside the status; every other column has a function of its own.
CHANGEABLE = frozenset(
    {
        "cause", "outcome_channel", "outcome_code", "retry_after_s", "reached_mpesa",
        "query_failure_code", "query_failed_at", "undecided", "check_at",
    }
)  # fmt: skip


def create(
    unit: Unit,
    *,
    school_id: int,
    intent_id: str,
    chat_id: int,
    guardian_id: int | None,
    student_id: int,
    amount_cents: int,
    phone: str,
    account_reference: str,
    shortcode: str,
    party_b: str,
    transaction_type: str,
    push_at: datetime,
    now: datetime,
) -> tuple[Payment, bool]:
    """A QUEUED payment; the bool says that it is new. The same intent_id gives back the first one, unchanged.

    phone: 254 and 9 digits. push_at: the prompt leaves no earlier.
    """
    values = {
        "school_id": school_id, "intent_id": intent_id, "chat_id": chat_id, "guardian_id": guardian_id,
        "student_id": student_id, "amount_cents": amount_cents, "phone_enc": unit.vault.seal(phone),
        "phone_hash": unit.vault.hash(PHONE, phone), "account_reference": account_reference,
        "shortcode": shortcode, "party_b": party_b, "transaction_type": transaction_type, "status": S.QUEUED,
        "push_at": push_at, "created_at": now, "updated_at": now,
        "checks": 0, "undecided": 0, "cause": "", "reached_mpesa": False,
    }  # fmt: skip
    new_id = insert_once(unit, PAYMENTS, values, ("school_id", "intent_id"))
    if new_id is not None:
        payment = _present(unit, new_id)
        write_event(unit, payment.school_id, new_id, "created", None, S.QUEUED, now, {})
        return payment, True
    first = select(PAYMENTS.c.id).where(PAYMENTS.c.school_id == school_id, PAYMENTS.c.intent_id == intent_id)
    return _present(unit, unit.core.execute(first).scalar_one()), False


def move(
    unit: Unit,
    payment_id: int,
    to: PaymentStatus,
    *,
    now: datetime,
    announce: Announce,
    because: Mapping[str, str | int] | None = None,
    **changes: Any,
) -> Payment | None:
    """The one door. Moves the payment along the edge from where it stands, writes the event, announces it
    once.

    because: why, in codes and counts (no phone, no name). changes: columns of CHANGEABLE to set with it.
    None when no edge leads from its status to `to`: a repeat, or a contradiction that is the caller's to
    judge. Raises LookupError for an unknown id; ValueError for a column that is not changeable, and for
    SENDING, which only `claim_push` may give.
    """
    _refuse_others(changes)
    if to is S.SENDING:
        raise ValueError("A payment is sent by claim_push alone.")
    return walk(unit, payment_id, to, now=now, announce=announce, because=because or {}, changes=changes)


def withdraw(
    unit: Unit, payment_id: int, *, now: datetime, announce: Announce, source: str, cause: str
) -> Payment | None:
    """QUEUED -> CANCELLED, and from nowhere else: surely nothing was sent.

    None: it is not queued any more; a prompt that somebody has claimed meanwhile may be on its way.
    """
    changes = {"cause": cause, "reached_mpesa": False}
    because = {"source": source}
    return walk(
        unit,
        payment_id,
        S.CANCELLED,
        now=now,
        announce=announce,
        because=because,
        changes=changes,
        start=S.QUEUED,
    )


def walk(
    unit: Unit,
    payment_id: int,
    to: PaymentStatus,
    *,
    now: datetime,
    announce: Announce,
    because: Mapping[str, str | int],
    changes: Mapping[str, Any],
    start: PaymentStatus | None = None,
) -> Payment | None:
    """`move`, `withdraw` and `claim_push` without their fences: for these alone. start: the only edge it may take."""
    while True:
        current = _status(unit, payment_id)
        if not may_move(current, to) or start not in (None, current):
            return None
        values = {"status": to, "updated_at": now, **_settled(to, now), **changes}
        payment = _update(unit, values, PAYMENTS.c.id == payment_id, PAYMENTS.c.status == current)
        if payment is not None:  # else another process moved it meanwhile: look again
            break
    event = event_of(current, to)
    write_event(unit, payment.school_id, payment_id, event, current, to, now, because)
    announce(unit, payment, event)
    return payment


def change(unit: Unit, payment_id: int, *, now: datetime, **changes: Any) -> Payment:
    """Sets columns of CHANGEABLE, the status never. Raises LookupError for an unknown id, ValueError for
    others.
    """
    _refuse_others(changes)
    payment = _update(unit, {"updated_at": now, **changes}, PAYMENTS.c.id == payment_id)
    if payment is None:
        raise LookupError(f"There is no payment {payment_id}.")
    return payment


def get(unit: Unit, payment_id: int) -> Payment | None:
    """A payment by id, as the database has it now."""
    return unit.session.get(Payment, payment_id, populate_existing=True)


def phone_of(unit: Unit, payment: Payment) -> str:
    """The payer's phone: 254 and 9 digits."""
    return unit.vault.open_text(payment.phone_enc)


def checkout_of(unit: Unit, payment: Payment) -> str | None:
    """M-PESA's CheckoutRequestID, once it is known. It contains phone digits: never log it."""
    return None if payment.checkout_enc is None else unit.vault.open_text(payment.checkout_enc)


def _update(unit: Unit, values: Mapping[str, Any], *where: ColumnElement[bool]) -> Payment | None:
    """A conditional update; the row as it is now, None when no row met the conditions."""
    unit.session.flush()
    updated = unit.session.scalars(
        update(Payment).where(*where).values(dict(values)).returning(Payment),
        execution_options={"populate_existing": True, "synchronize_session": False},
    )
    return updated.one_or_none()


def _status(unit: Unit, payment_id: int) -> PaymentStatus:
    status = unit.core.execute(
        select(PAYMENTS.c.status).where(PAYMENTS.c.id == payment_id)
    ).scalar_one_or_none()
    if status is None:
        raise LookupError(f"There is no payment {payment_id}.")
    return PaymentStatus(status)


def _settled(to: PaymentStatus, now: datetime) -> dict[str, Any]:
    if to in OPEN:
        return {} if to is S.SENDING else {"lease_until": None}
    done: dict[str, Any] = {"lease_until": None, "holds_phone": None, "check_at": None}
    return {**done, "settled_at": now} if to in SETTLED else done


def _refuse_others(changes: Mapping[str, Any]) -> None:
    others = sorted(changes.keys() - CHANGEABLE)
    if others:
        raise ValueError(f"Not for move or change: {', '.join(others)}.")


def _present(unit: Unit, payment_id: int) -> Payment:
    payment = get(unit, payment_id)
    if payment is None:
        raise LookupError(f"There is no payment {payment_id}.")
    return payment
