"""What a payment may be, and how it may change: pure, no SQL.

An edge carries the name of the event it writes. `PAID -> PAID` is no edge: success absorbs.
"""

from __future__ import annotations

from enum import StrEnum


class PaymentStatus(StrEnum):
    """The nine statuses. "Needs a person" stands beside the status, never as a status."""

    QUEUED = "queued"  #: row written, nothing sent; leaves at `push_at`
    SENDING = "sending"  #: claimed and committed; the push may be on its way
    REQUESTED = "requested"  #: M-PESA accepted the push and named it
    UNCERTAIN = "uncertain"  #: the push may or may not have reached M-PESA
    PAID = "paid"  #: M-PESA said the money moved; the receipt number may still follow
    FAILED = "failed"  #: final: no money moved
    CANCELLED = "cancelled"  #: final: the payer said no, or nothing was ever sent
    EXPIRED = "expired"  #: nobody could tell for 24 hours: a person looks
    REVERSED = "reversed"  #: M-PESA gave the money back


S = PaymentStatus

TRANSITIONS: dict[tuple[PaymentStatus, PaymentStatus], str] = {
    (S.QUEUED, S.SENDING): "claimed",
    (S.QUEUED, S.CANCELLED): "withdrawn",
    (S.SENDING, S.REQUESTED): "accepted",
    (S.SENDING, S.UNCERTAIN): "answer_lost",
    (S.SENDING, S.FAILED): "refused",
    (S.SENDING, S.PAID): "paid",
    (S.SENDING, S.CANCELLED): "cancelled",
    (S.REQUESTED, S.PAID): "paid",
    (S.REQUESTED, S.FAILED): "failed",
    (S.REQUESTED, S.CANCELLED): "cancelled",
    (S.REQUESTED, S.EXPIRED): "expired",
    (S.UNCERTAIN, S.PAID): "paid",
    (S.UNCERTAIN, S.FAILED): "failed",
    (S.UNCERTAIN, S.CANCELLED): "cancelled",
    (S.UNCERTAIN, S.EXPIRED): "expired",
    (S.EXPIRED, S.PAID): "paid_late",
    (S.EXPIRED, S.FAILED): "failed_late",
    (S.EXPIRED, S.CANCELLED): "cancelled_late",
    (S.FAILED, S.PAID): "corrected_to_paid",
    (S.CANCELLED, S.PAID): "corrected_to_paid",
    (S.PAID, S.REVERSED): "reversed",
}

OPEN = frozenset({S.QUEUED, S.SENDING, S.REQUESTED, S.UNCERTAIN})
AWAITING = frozenset({S.SENDING, S.REQUESTED, S.UNCERTAIN})
SETTLED = frozenset({S.PAID, S.FAILED, S.CANCELLED, S.REVERSED})


def may_move(current: PaymentStatus, to: PaymentStatus) -> bool:
    """Whether the table holds that edge."""
    return (current, to) in TRANSITIONS


def event_of(current: PaymentStatus, to: PaymentStatus) -> str:
    """The event's name on an edge. Raises KeyError where there is no such edge."""
    return TRANSITIONS[(current, to)]


def sources_of(to: PaymentStatus) -> frozenset[PaymentStatus]:
    """Every status from which `to` can be reached in one step."""
    return frozenset(source for source, target in TRANSITIONS if target is to)
