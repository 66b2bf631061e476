"""The invariants of the book, checked on the live database. Each query names the rows that break its rule."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Select, and_, func, or_, select

from storage import checks_line, checks_money, checks_payments, checks_questions
from storage.broken import SHOWN, Rule
from storage.campaign_rows import TARGETS, TargetState
from storage.outbox_rows import MESSAGES, Sending
from storage.unit import Unit

OVERDUE = timedelta(minutes=10)  #: no message is due for longer without having been tried


def run(unit: Unit, school_id: int, now: datetime) -> list[str]:
    """Every broken invariant as a sentence that names its rows; empty when all hold. now: what counts as
    overdue.
    """
    rules = [
        *checks_payments.rules(school_id, now),
        *checks_money.rules(school_id),
        *checks_line.rules(school_id, now),
        *checks_questions.rules(school_id),
        *_message_rules(school_id, now),
    ]
    return [sentence for rule in rules for sentence in _broken(unit, rule)]


def _broken(unit: Unit, rule: Rule) -> list[str]:
    rows = unit.core.execute(rule.query.limit(SHOWN + 1)).all()
    sentences = [rule.says.format(*row) for row in rows[:SHOWN]]
    return sentences if len(rows) <= SHOWN else [*sentences, "... and more of the same."]


def _message_rules(school_id: int, now: datetime) -> list[Rule]:
    return [
        Rule("Message {0} waits since it was due at {1} UTC.", _stuck(school_id, now)),
        Rule("Reminder target {0} counts as queued, but has no message.", _lost_targets(school_id)),
        Rule("Chat {0} has {1} messages being sent at once.", _two_at_once(school_id)),
    ]


def _stuck(school_id: int, now: datetime) -> Select[tuple[int, datetime]]:
    late = now - OVERDUE
    waiting = and_(MESSAGES.c.state == Sending.WAITING, MESSAGES.c.send_at < late)
    leased = and_(MESSAGES.c.state == Sending.LEASED, MESSAGES.c.lease_until < late)
    return select(MESSAGES.c.id, MESSAGES.c.send_at).where(
        MESSAGES.c.school_id == school_id, or_(waiting, leased)
    )


def _lost_targets(school_id: int) -> Select[tuple[int]]:
    return select(TARGETS.c.id).where(
        TARGETS.c.school_id == school_id,
        TARGETS.c.state == TargetState.QUEUED,
        TARGETS.c.outbox_id.is_(None),
    )


def _two_at_once(school_id: int) -> Select[tuple[int, int]]:
    return (
        select(MESSAGES.c.chat_id, func.count())
        .where(MESSAGES.c.school_id == school_id, MESSAGES.c.state == Sending.LEASED)
        .group_by(MESSAGES.c.chat_id)
        .having(func.count() > 1)
    )
