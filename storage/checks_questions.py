"""Invariants of the questions about codes: an open one is asked again, and what one confirmed is in the books."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, or_, select

from storage.broken import Rule
from storage.questions import OPEN, QUESTIONS
from storage.receipt_rows import RECEIPTS

Q, R = QUESTIONS.c, RECEIPTS.c
CONFIRMED = "confirmed"  #: the outcome of a question whose answer was credited


def rules(school_id: int) -> list[Rule]:
    """The rules of one school. A question that is overdue is none: the operator may have been taken away."""
    return [
        Rule("Question {0} about payment {1} is {2}, and its time says otherwise.", _untimely(school_id)),
        Rule(
            "Question {0} confirmed a number for payment {1}, which has another, or none.", _lost(school_id)
        ),
    ]


def _untimely(school_id: int) -> Select[Any]:
    return select(Q.id, Q.payment_id, Q.state).where(
        Q.school_id == school_id,
        or_(
            and_(Q.state.in_(OPEN), or_(Q.ask_at.is_(None), Q.answered_at.is_not(None))),
            and_(Q.state.not_in(OPEN), or_(Q.ask_at.is_not(None), Q.answered_at.is_(None))),
        ),
    )


def _lost(school_id: int) -> Select[Any]:
    there = select(R.id).where(R.payment_id == Q.payment_id, R.number == Q.code)
    return select(Q.id, Q.payment_id).where(Q.school_id == school_id, Q.outcome == CONFIRMED, ~there.exists())
