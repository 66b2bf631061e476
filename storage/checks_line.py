"""Invariants of the M-PESA line: one that is down is tried, and who was held back hears of it, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_, select

from storage.broken import Rule
from storage.held_back import HELD, LINE_DOWN, Waiting
from storage.lines import LINES, LineState
from storage.outbox_rows import MESSAGES
from storage.payment_rows import PAYMENTS
from storage.payment_state import PaymentStatus

L, H, P = LINES.c, HELD.c, PAYMENTS.c
S = PaymentStatus

FORGOTTEN = timedelta(minutes=15)  #: a trial that is due for longer was forgotten
UNTOLD = timedelta(hours=1)  #: after the line works again everybody has been told


def rules(school_id: int, now: datetime) -> list[Rule]:
    """The rules of one school at one moment."""
    return [
        Rule("The M-PESA line is down, and was to be tried at {0} UTC.", _untried(school_id, now)),
        Rule("Chat {0} was held back, and nobody says that the line works again.", _untold(school_id, now)),
        Rule("Payment {0} was held back, and its payer will not hear of it.", _unnoted(school_id)),
        Rule("Row {0} of who was held back counts as told, but has no message.", _unsaid(school_id)),
        Rule("Row {0} of who was held back is told by message {1}, to another chat.", _elsewhere(school_id)),
        Rule("Payment {0} was sent though it was held back.", _sent(school_id)),
    ]


def _untried(school_id: int, now: datetime) -> Select[Any]:
    late = now - FORGOTTEN
    return select(L.trial_at).where(
        L.school_id == school_id,
        L.state == LineState.DOWN,
        L.trial_at < late,
        or_(L.trial_until.is_(None), L.trial_until < late),
    )


def _untold(school_id: int, now: datetime) -> Select[Any]:
    return (
        select(H.chat_id)
        .join(LINES, L.school_id == H.school_id)
        .where(
            H.school_id == school_id,
            H.state == Waiting.WAITING,
            L.state == LineState.WORKING,
            L.since < now - UNTOLD,
            H.at < now - UNTOLD,
        )
    )


def _unnoted(school_id: int) -> Select[Any]:
    noted = select(H.id).where(
        H.student_id == P.student_id, H.chat_id == P.chat_id, H.since <= P.updated_at, H.at >= P.created_at
    )
    return select(P.id).where(
        P.school_id == school_id,
        P.cause == LINE_DOWN,
        P.status == S.CANCELLED,
        ~noted.exists(),
    )


def _unsaid(school_id: int) -> Select[Any]:
    return select(H.id).where(H.school_id == school_id, H.state == Waiting.TOLD, H.outbox_id.is_(None))


def _elsewhere(school_id: int) -> Select[Any]:
    return (
        select(H.id, H.outbox_id)
        .join(MESSAGES, MESSAGES.c.id == H.outbox_id)
        .where(H.school_id == school_id, MESSAGES.c.chat_id != H.chat_id)
    )


def _sent(school_id: int) -> Select[Any]:
    """What was held back before it left never reaches M-PESA; what M-PESA refused may turn out paid, but not open."""
    return (
        select(P.id)
        .join(HELD, H.payment_id == P.id)
        .where(H.school_id == school_id, P.status.in_([S.SENDING, S.REQUESTED, S.UNCERTAIN]))
    )
