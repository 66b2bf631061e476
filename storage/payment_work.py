"""Payments as work: what is due, and who takes it. Listing is reading; taking is a conditional update."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError

from storage.payment_door import CHECKOUT, TOKEN, Announce, get, phone_of, walk
from storage.payment_gaps import earliest
from storage.payment_rows import PAYMENTS, Payment
from storage.payment_state import PaymentStatus
from storage.unit import Unit

S = PaymentStatus

BLOCK = timedelta(seconds=300)  #: no second prompt to a phone for so long after the push
FIRST_CHECK = timedelta(seconds=30)
TOO_LATE = timedelta(minutes=5)  #: past its push_at by more than this, a prompt is not sent any more


class _TooSoon(Exception):
    """M-PESA would refuse it for what this phone was asked a moment ago."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Everything the push needs, for the one who claimed it. token: goes into CallBackURL, stored nowhere
    in clear.
    """

    payment_id: int
    school_id: int
    chat_id: int
    amount_cents: int
    phone: str = field(repr=False)
    token: str = field(repr=False)
    account_reference: str
    shortcode: str
    party_b: str
    transaction_type: str
    lease_until: datetime

    @property
    def amount_kes(self) -> int:
        """Whole shillings, as M-PESA takes them."""
        return self.amount_cents // 100


def claim_push(
    unit: Unit, payment_id: int, *, token: str, now: datetime, lease_s: float, announce: Announce
) -> Claimed | None:
    """QUEUED -> SENDING for exactly one caller, which must commit before it calls M-PESA.

    Takes the phone, starts both clocks, stores the token's hash. None: not queued, not yet due, too late,
    the phone still has another prompt (then it stays QUEUED), or M-PESA would refuse it yet (see `put_off`).
    """
    payment = get(unit, payment_id)
    if payment is None or not payment.push_at <= now <= payment.push_at + TOO_LATE:
        return None
    lease_until = now + timedelta(seconds=lease_s)
    try:
        with unit.session.begin_nested():
            moved = walk(
                unit,
                payment_id,
                S.SENDING,
                now=now,
                announce=announce,
                because={},
                changes={
                    "token_hash": unit.vault.hash(TOKEN, token),
                    "holds_phone": payment.phone_hash,
                    "reached_mpesa": True,
                    "pushed_at": now,
                    "lease_until": lease_until,
                    "blocked_until": now + BLOCK,
                    "check_at": now + FIRST_CHECK,
                },
            )
            # Only now: whoever held this phone before us has committed what it did.
            if moved is not None and earliest(unit, moved) > now:
                raise _TooSoon
    except (IntegrityError, _TooSoon):
        return None
    return None if moved is None else _claimed(unit, moved, token, lease_until)


def _claimed(unit: Unit, moved: Payment, token: str, lease_until: datetime) -> Claimed:
    return Claimed(
        payment_id=moved.id,
        school_id=moved.school_id,
        chat_id=moved.chat_id,
        amount_cents=moved.amount_cents,
        phone=phone_of(unit, moved),
        token=token,
        account_reference=moved.account_reference,
        shortcode=moved.shortcode,
        party_b=moved.party_b,
        transaction_type=moved.transaction_type,
        lease_until=lease_until,
    )


def due_pushes(unit: Unit, now: datetime, limit: int = 100, *, school_id: int | None = None) -> list[int]:
    """Queued payments whose prompt may leave now, longest due first; those too late are not among them."""
    return _ids(
        unit,
        limit,
        PAYMENTS.c.push_at,
        PAYMENTS.c.status == S.QUEUED,
        PAYMENTS.c.push_at <= now,
        PAYMENTS.c.push_at >= now - TOO_LATE,
        *_of_school(school_id),
    )


def overdue_queued(unit: Unit, now: datetime, limit: int = 100, *, school_id: int | None = None) -> list[int]:
    """Queued payments more than five minutes past push_at: to be withdrawn, nothing was sent."""
    return _ids(
        unit,
        limit,
        PAYMENTS.c.push_at,
        PAYMENTS.c.status == S.QUEUED,
        PAYMENTS.c.push_at < now - TOO_LATE,
        *_of_school(school_id),
    )


def lapsed_sending(unit: Unit, now: datetime, limit: int = 100) -> list[int]:
    """Payments in SENDING whose claimer was not heard of before its lease ended: to become UNCERTAIN."""
    return _ids(
        unit, limit, PAYMENTS.c.lease_until, PAYMENTS.c.status == S.SENDING, PAYMENTS.c.lease_until <= now
    )


def due_checks(unit: Unit, now: datetime, limit: int = 100) -> list[int]:
    """Payments to ask M-PESA about now, longest due first. Take each with `claim_check`."""
    return _ids(unit, limit, PAYMENTS.c.check_at, PAYMENTS.c.check_at <= now)


def claim_check(unit: Unit, payment_id: int, *, now: datetime, next_at: datetime | None) -> Payment | None:
    """Takes a due check and sets when the next one follows. None: not due, or another took it."""
    taken = unit.core.execute(
        update(PAYMENTS)
        .where(PAYMENTS.c.id == payment_id, PAYMENTS.c.check_at <= now)
        .values(check_at=next_at, checks=PAYMENTS.c.checks + 1, updated_at=now)
    )
    return get(unit, payment_id) if taken.rowcount == 1 else None


def ask_at(unit: Unit, payment_id: int, *, at: datetime, now: datetime) -> bool:
    """Sets when M-PESA is asked next. False: nothing is to be asked any more, and nothing changes."""
    asked = unit.core.execute(
        update(PAYMENTS)
        .where(PAYMENTS.c.id == payment_id, PAYMENTS.c.check_at.is_not(None))
        .values(check_at=at, updated_at=now)
    )
    return asked.rowcount == 1


def blocks_over(unit: Unit, now: datetime, limit: int = 100) -> list[int]:
    """Payments that still hold their phone though the five minutes are over. Free each with
    `release_phone`.
    """
    return _ids(
        unit,
        limit,
        PAYMENTS.c.blocked_until,
        PAYMENTS.c.holds_phone.is_not(None),
        PAYMENTS.c.blocked_until <= now,
    )


def release_phone(unit: Unit, payment_id: int, now: datetime) -> Payment | None:
    """Frees the phone for another prompt once the block is over. None: not yet, or it was freed before."""
    freed = unit.core.execute(
        update(PAYMENTS)
        .where(
            PAYMENTS.c.id == payment_id, PAYMENTS.c.holds_phone.is_not(None), PAYMENTS.c.blocked_until <= now
        )
        .values(holds_phone=None, updated_at=now)
    )
    return get(unit, payment_id) if freed.rowcount == 1 else None


def note_checkout(
    unit: Unit, payment_id: int, merchant_request_id: str, checkout_request_id: str, now: datetime
) -> bool:
    """Fills in M-PESA's ids, whatever the status. False: they were known, or belong to another payment."""
    try:
        with unit.session.begin_nested():
            noted = unit.core.execute(
                update(PAYMENTS)
                .where(PAYMENTS.c.id == payment_id, PAYMENTS.c.checkout_hash.is_(None))
                .values(
                    checkout_hash=unit.vault.hash(CHECKOUT, checkout_request_id),
                    checkout_enc=unit.vault.seal(checkout_request_id),
                    merchant_request_id=merchant_request_id,
                    updated_at=now,
                )
            )
    except IntegrityError:
        return False
    return noted.rowcount == 1


def _ids(
    unit: Unit, limit: int, order: ColumnElement[datetime], *conditions: ColumnElement[bool]
) -> list[int]:
    statement = select(PAYMENTS.c.id).where(*conditions).order_by(order, PAYMENTS.c.id).limit(limit)
    return list(unit.core.execute(statement).scalars())


def _of_school(school_id: int | None) -> tuple[ColumnElement[bool], ...]:
    return () if school_id is None else (PAYMENTS.c.school_id == school_id,)
