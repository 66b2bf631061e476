"""What each answer of M-PESA means for a payment: pure, from daraja's types to storage's words."""

from __future__ import annotations

from dataclasses import dataclass

from daraja import (
    BadRequest,
    DarajaError,
    Entry,
    NeverSent,
    Refused,
    StkAccepted,
    look_up,
)
from daraja.catalogue import UNKNOWN, Channel
from storage.payment_state import PaymentStatus

#: Causes that say no more than that somebody must look: the code is in the payment's history.
FOR_A_PERSON = frozenset({UNKNOWN, "unexplained", "refused_other"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a payment goes, and why. code: M-PESA's own, or ours where there was none."""

    to: PaymentStatus
    entry: Entry
    code: str
    reached_mpesa: bool = True


def of_push(outcome: StkAccepted | DarajaError) -> Verdict:
    """The push's own answer, or the error in its place."""
    if isinstance(outcome, StkAccepted):
        return Verdict(PaymentStatus.REQUESTED, look_up(Channel.PUSH, "0"), "0")
    code = outcome.code or outcome.default_cause
    entry = look_up(Channel.PUSH, code, outcome.message)
    nothing_sent = isinstance(outcome, NeverSent | BadRequest)
    if nothing_sent or (isinstance(outcome, Refused) and entry.cause == UNKNOWN):
        # Another call's code, or one that nobody knows: the kind of the error says more about this push.
        entry = look_up(Channel.PUSH, outcome.default_cause)
    if nothing_sent:
        return Verdict(PaymentStatus.FAILED, entry, code, reached_mpesa=False)
    if outcome.money_may_have_moved or entry.money != "unmoved":
        return Verdict(PaymentStatus.UNCERTAIN, entry, code)
    return Verdict(PaymentStatus.FAILED, entry, code)


def of_failure(entry: Entry, code: str) -> Verdict:
    """A final result other than success, told by a callback or a query."""
    to = PaymentStatus.CANCELLED if entry.cause == "cancelled" else PaymentStatus.FAILED
    return Verdict(to, entry, code)
