"""Before a prompt leaves: does the school's M-PESA line work? If not, nothing is sent and its payer is noted."""

from __future__ import annotations

from datetime import datetime

from bot.services.line_rules import BY_PUSH_AGAIN
from storage import held_back, lines, payments
from storage.held_back import LINE_DOWN
from storage.payments import Announce
from storage.unit import Unit


def lets_through(unit: Unit, school_id: int, now: datetime, *, take: bool) -> bool:
    """Whether a prompt may leave; so it stays until this unit is committed.

    While the line is down for long, one parent's own payment at a time is let through as the trial. take: it is this
    one; otherwise whether it could be.
    """
    line = lines.steady(unit, school_id)
    if not line.down:
        return True
    if not line.is_due(now, by_push=True):
        return False
    return not take or lines.take_push_trial(unit, school_id, now=now, next_at=now + BY_PUSH_AGAIN)


def not_used(unit: Unit, school_id: int, now: datetime) -> None:
    """What was let through in this unit could not leave for another reason: it was no trial."""
    lines.return_push_trial(unit, school_id, now=now, next_at=now + BY_PUSH_AGAIN)


def hold_back(unit: Unit, payment_id: int, announce: Announce, now: datetime) -> bool:
    """Called off before anything was sent; its payer is told once the line works. False: it is not queued any more."""
    withdrawn = payments.withdraw(
        unit, payment_id, now=now, announce=announce, source="line", cause=LINE_DOWN
    )
    if withdrawn is None:
        return False
    held_back.add(unit, withdrawn, lines.steady(unit, withdrawn.school_id).outage, now)
    return True
