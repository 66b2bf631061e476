"""How M-PESA has answered the school's operator of late: it locks one who keeps coming with a wrong password."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select

from storage.questions import OPEN, QUESTIONS
from storage.unit import Unit

_C = QUESTIONS.c


def endings(unit: Unit, school_id: int, outcomes: Collection[str], limit: int) -> list[tuple[str, datetime]]:
    """What came of the last questions that ended in one of these ways, and when; newest first."""
    statement = (
        select(_C.outcome, _C.answered_at)
        .where(_C.school_id == school_id, _C.answered_at.is_not(None), _C.outcome.in_(sorted(outcomes)))
        .order_by(_C.answered_at.desc(), _C.id.desc())
        .limit(limit)
    )
    return [(row.outcome, row.answered_at) for row in unit.core.execute(statement)]


def awaited(unit: Unit, school_id: int, since: datetime) -> bool:
    """Whether a question that was asked since then has no answer yet."""
    statement = select(_C.id).where(
        _C.school_id == school_id, _C.ask_at.is_not(None), _C.state.in_(OPEN), _C.asked_at > since
    )
    return unit.core.execute(statement.limit(1)).first() is not None


def codes_of(unit: Unit, payment_id: int) -> int:
    """About how many codes M-PESA was, or is to be, asked for this payment."""
    statement = select(func.count()).where(_C.payment_id == payment_id)
    return int(unit.core.execute(statement).scalar_one())
