"""Small questions about a view that several steps ask."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from bot.dialogue.amounts import MAX_KES
from bot.dialogue.state import State
from bot.dialogue.view import ChildView, PaymentView, View
from daraja.phone import mask_phone

OPEN = frozenset({"queued", "sending", "requested", "uncertain"})
AWAITING = OPEN - {"queued"}

PROMPT_LIFE = timedelta(seconds=120)
#: M-PESA refuses the same amount from one phone within two minutes by its own clock: ours adds a margin.
SAME_AMOUNT = timedelta(seconds=125)
#: How long after a try its parent is called back, once the school's M-PESA line works.
CALLED_BACK_WITHIN = timedelta(hours=24)
_SAME_MOMENT = timedelta(minutes=1)  #: between a unit's own time and another process's
HIDDEN_NAME = "•••"

_MSISDN = re.compile(r"254[17][0-9]{8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hold:
    """A phone that may still show a prompt. `payment`: the one that holds it, if it is this chat's own."""

    until: datetime
    payment: PaymentView | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A payment that is fully chosen. amount_cents: a multiple of 100; phone: 254 and 9 digits."""

    child: ChildView
    amount_cents: int
    phone: str


def linked(view: View) -> bool:
    """Whether this chat is tied to a guardian."""
    return view.guardian_name is not None


def child_of(view: View, child_id: int | None) -> ChildView | None:
    """One of this guardian's children; None for anybody else's and for a chat that is not linked."""
    if not linked(view):
        return None
    return next((child for child in view.children if child.id == child_id), None)


def payment_of(view: View, payment_id: int | None) -> PaymentView | None:
    """A payment of this chat, by its id, wherever the view holds it."""
    known = (view.payment, *view.open_payments, *view.recent_payments)
    return next((payment for payment in known if payment is not None and payment.id == payment_id), None)


def will_be_called(view: View, payment: PaymentView) -> bool:
    """Whether this chat hears when the line works that was down when this payment was tried."""
    since, tried = view.line_down_since, payment.settled_at
    if since is None or tried is None:
        return False
    earliest = since - _SAME_MOMENT if payment.cause == "line_down" else since
    return earliest <= tried and view.now - tried < CALLED_BACK_WITHIN


def name_on(view: View, payment: PaymentView) -> str:
    """The child's name on a payment; hidden from a chat that lost the child."""
    return payment.child_name if child_of(view, payment.child_id) else HIDDEN_NAME


def own_phone(view: View) -> str | None:
    """The guardian's own number, when it can take a prompt."""
    return valid_phone(view.own_phone)


def valid_phone(phone: str | None) -> str | None:
    """The number when it is 254 and nine digits that begin with 7 or 1."""
    return phone if phone and _MSISDN.fullmatch(phone) else None


def valid_amount(cents: int | None) -> bool:
    """Whether M-PESA can take it: whole shillings, 1 to 250,000."""
    return cents is not None and cents % 100 == 0 and 100 <= cents <= MAX_KES * 100


def readable(phone: str, view: View) -> str:
    """For the confirmation: the guardian's own number masked, another in full, so that a slip is seen."""
    return mask_phone(phone) if phone == view.own_phone else f"0{phone[3:6]} {phone[6:9]} {phone[9:]}"


def whole_cents(child: ChildView) -> int:
    """What one payment can take of a balance, rounded up to the shilling; 0 when nothing is owed."""
    shillings = -(-child.balance_cents // 100)
    return min(max(shillings, 0), MAX_KES) * 100


def draft_of(state: State, view: View) -> Draft | None:
    """The payment as chosen, or None while something is missing or no longer true."""
    child = child_of(view, state.child_id)
    phone = valid_phone(state.phone) or own_phone(view)
    if child is None or phone is None or state.amount_cents is None or not valid_amount(state.amount_cents):
        return None
    return Draft(child, state.amount_cents, phone)


def hold_on(view: View, phone: str) -> Hold | None:
    """The prompt that may still be open on a phone: no second one before its end."""
    ends = [push.holding_until for push in view.recent_pushes if push.phone == phone and push.holding_until]
    mine = [p for p in view.open_payments if p.phone == phone and p.status in AWAITING]
    ends += [payment.blocked_until for payment in mine if payment.blocked_until]
    until = max(ends, default=view.now)
    return Hold(until, mine[0] if mine else None) if until > view.now else None


def blocked(view: View, payment: PaymentView) -> bool:
    """Whether this payment may still have a prompt out, so that another try is not safe yet."""
    running = payment.blocked_until is not None and payment.blocked_until > view.now
    return payment.status == "sending" or (payment.status in AWAITING and running)


def other_open(view: View, draft: Draft) -> PaymentView | None:
    """An open payment for the same child that is not this phone's unresolved old one."""
    for payment in (*view.open_payments, *view.elsewhere):
        another_way = payment.phone != draft.phone or payment.status not in AWAITING
        if payment.status in OPEN and payment.child_id == draft.child.id and another_way:
            return payment
    return None


def same_amount_wait(view: View, draft: Draft) -> int:
    """Seconds until M-PESA takes this amount from this phone again; 0 when it does now."""
    amount, phone = draft.amount_cents, draft.phone
    pushes = [p.pushed_at for p in view.recent_pushes if (p.phone, p.amount_cents) == (phone, amount)]
    queued = [p for p in view.open_payments if p.status == "queued"]
    pushes += [p.push_at for p in queued if (p.phone, p.amount_cents) == (phone, amount)]
    last = max(pushes, default=None)
    return 0 if last is None else seconds_until(last + SAME_AMOUNT, view.now)


def lock_wait(view: View, phone: str) -> int:
    """Seconds until M-PESA takes anything from this phone again, which it could not lock; 0 when it does now."""
    ends = [push.locked_until for push in view.recent_pushes if push.phone == phone and push.locked_until]
    return seconds_until(max(ends, default=view.now), view.now)


def wait_before(view: View, draft: Draft) -> int:
    """Seconds until M-PESA takes this payment; 0 when it does now."""
    return max(same_amount_wait(view, draft), lock_wait(view, draft.phone))


def seconds_until(at: datetime, now: datetime) -> int:
    """Whole seconds, rounded up; never below 0."""
    return max(0, ceil((at - now).total_seconds()))
