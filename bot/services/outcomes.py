"""What each answer of M-PESA means for a payment: pure, from daraja's types to storage's words."""

from __future__ import annotations

from dataclasses import dataclass

from daraja import (
    AnswerLost,
    BadRequest,
    DarajaError,
    Entry,
    NeverSent,
    StkAccepted,
    TokenUnavailable,
    look_up,
)
from daraja.catalogue import Channel
from storage.payment_state import PaymentStatus


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
    code = _code_of(outcome)
    entry = look_up(Channel.PUSH, code, outcome.message)
    if isinstance(outcome, NeverSent | BadRequest):
        return Verdict(PaymentStatus.FAILED, entry, code, reached_mpesa=False)
    if outcome.money_may_have_moved or entry.money != "unmoved":
        return Verdict(PaymentStatus.UNCERTAIN, entry, code)
    return Verdict(PaymentStatus.FAILED, entry, code)


def of_failure(entry: Entry, code: str) -> Verdict:
    """A final result other than success, told by a callback or a query."""
    to = PaymentStatus.CANCELLED if entry.cause == "cancelled" else PaymentStatus.FAILED
    return Verdict(to, entry, code)


def _code_of(error: DarajaError) -> str:
    if error.code:
        return error.code
    if isinstance(error, TokenUnavailable):
        return "no_token"
    if isinstance(error, BadRequest):
        return "bad_request_local"
    if isinstance(error, NeverSent):
        return "never_sent"
    if isinstance(error, AnswerLost):
        return "answer_lost"
    return "refused_other"
