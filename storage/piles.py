"""Counting what waits: how many, and since when the oldest. By index, whatever the history holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypedDict

from sqlalchemy import ColumnElement, Table, TextClause, and_, case, func, select, text

from storage.claims import CLAIMS
from storage.held_back import HELD
from storage.inbox import ITEMS
from storage.lines import LINES
from storage.outbox_rows import MESSAGES, Sending
from storage.payment_concerns import CONCERNS
from storage.payment_rows import PAYMENTS
from storage.payment_state import PaymentStatus
from storage.receipt_rows import RECEIPTS
from storage.unit import Unit

WINDOWS: Final = {"15m": timedelta(minutes=15), "24h": timedelta(hours=24)}
_MINUTE = timedelta(minutes=1)
_Condition = ColumnElement[bool] | TextClause


@dataclass(frozen=True, slots=True)
class Pile:
    """How many there are, and since when the oldest waits; None when nothing does."""

    count: int = 0
    since: datetime | None = None


class OfPayments(TypedDict):
    """What `of_payments` counts: see storage.figures.Figures."""

    open_payments: dict[str, Pile]
    asked_often: int
    checks: Pile
    settled: dict[tuple[str, str, str], int]
    pushed: dict[str, int]


def of_payments(unit: Unit, school_id: int, at: datetime) -> OfPayments:
    """Open payments by status, overdue checks, and what was pushed and settled of late."""
    c, ours = PAYMENTS.c, of_school(PAYMENTS, school_id)
    queued = pile(unit, PAYMENTS, "push_at", ours, text("status = 'queued'"))
    found = {PaymentStatus.QUEUED.value: queued}
    fresh = and_(c.pushed_at <= at - _MINUTE, c.pushed_at > at - WINDOWS["15m"])
    awaiting = (
        select(
            c.status,
            func.count(),
            func.min(c.pushed_at),
            func.min(c.check_at),
            _many(fresh),
            _many(c.check_at <= at),
        )
        .where(ours, c.check_at.is_not(None))
        .group_by(c.status)
    )
    asked, late = 0, Pile()
    for status, count, since, check_at, fresh_ones, overdue in unit.core.execute(awaiting):
        found[status.value] = Pile(count, since)
        asked += int(fresh_ones)
        late = _both(late, Pile(int(overdue), check_at if overdue else None))
    return {
        "open_payments": found,
        "asked_often": asked,
        "checks": late,
        "settled": _settled(unit, school_id, at),
        "pushed": {
            window: pile(
                unit, PAYMENTS, "pushed_at", c.school_id == school_id, c.pushed_at > at - length
            ).count
            for window, length in WINDOWS.items()
        },
    }


def _settled(unit: Unit, school_id: int, at: datetime) -> dict[tuple[str, str, str], int]:
    c = PAYMENTS.c
    found: dict[tuple[str, str, str], int] = {}
    for window, length in WINDOWS.items():
        counts = (
            select(c.status, c.cause, func.count())
            .where(c.school_id == school_id, c.settled_at > at - length)
            .group_by(c.status, c.cause)
        )
        found |= {(window, status.value, cause): n for status, cause, n in unit.core.execute(counts)}
    return found


class OfOutbox(TypedDict):
    """What `of_outbox` counts: see storage.figures.Figures."""

    waiting: dict[str, Pile]
    not_yet: dict[str, int]
    lost: dict[tuple[str, str], int]


def of_outbox(unit: Unit, school_id: int, at: datetime) -> OfOutbox:
    """Messages on their way, and those that were given up in the last day."""
    c, ours = MESSAGES.c, of_school(MESSAGES, school_id)
    waiting: dict[str, Pile] = {}
    not_yet: dict[str, int] = {}
    for state in (Sending.WAITING, Sending.LEASED):
        counts = (
            select(c.kind, func.count(), _many(c.send_at <= at), func.min(c.send_at))
            .where(ours, text(f"state = '{state.value}'"))
            .group_by(c.kind)
        )
        for kind, count, due_count, since in unit.core.execute(counts):
            here = Pile(int(due_count), since if since <= at else None)
            waiting[kind] = _both(waiting.get(kind, Pile()), here)
            not_yet[kind] = not_yet.get(kind, 0) + count - here.count
    lost = (
        select(c.kind, c.state, func.count())
        .where(
            c.school_id == school_id, text("state IN ('failed', 'unknown')"), c.send_at > at - WINDOWS["24h"]
        )
        .group_by(c.kind, c.state)
    )
    counted = {(kind, state): n for kind, state, n in unit.core.execute(lost)}
    return {"waiting": waiting, "not_yet": not_yet, "lost": counted}


def of_attention(unit: Unit, school_id: int) -> dict[str, Pile]:
    """As storage.attention lists it: money in suspense is left out while its payment waits for the same reason."""
    told_already = select(CONCERNS.c.id).where(
        CONCERNS.c.payment_id == RECEIPTS.c.reported_payment_id,
        CONCERNS.c.reason == RECEIPTS.c.needs_person,
        CONCERNS.c.ended_at.is_(None),
    )
    told_once = ~told_already.correlate(RECEIPTS).exists()
    return {
        "payment": pile(
            unit, CONCERNS, "since", CONCERNS.c.school_id == school_id, CONCERNS.c.ended_at.is_(None)
        ),
        "receipt": pile(unit, RECEIPTS, "created_at", *_needs_person(RECEIPTS, school_id), told_once),
        "inbox": pile(unit, ITEMS, "received_at", *_needs_person(ITEMS, school_id)),
        "claim": pile(unit, CLAIMS, "created_at", *_needs_person(CLAIMS, school_id)),
        "line": pile(unit, LINES, "since", LINES.c.school_id == school_id, text("state = 'down'")),
    }


def of_held_back(unit: Unit, school_id: int) -> Pile:
    """Tries that were held back, whose parents are still to hear that the line works."""
    return pile(unit, HELD, "since", of_school(HELD, school_id), text("state = 'waiting'"))


def of_suspense(unit: Unit, school_id: int) -> tuple[Pile, int]:
    """Money whose child is not known: how many receipts, and how many cents."""
    c = RECEIPTS.c
    total = select(func.count(), func.min(c.created_at), func.coalesce(func.sum(c.amount_cents), 0))
    count, since, cents = unit.core.execute(
        total.where(of_school(RECEIPTS, school_id), c.student_id.is_(None))
    ).one()
    return Pile(count, since), int(cents)


def pile(unit: Unit, table: Table, moment: str, *where: _Condition) -> Pile:
    """The rows that meet the conditions, and the earliest of their moments."""
    count, since = unit.core.execute(select(func.count(), func.min(table.c[moment])).where(*where)).one()
    return Pile(count, since)


def _many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many of the counted rows meet it."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _both(one: Pile, other: Pile) -> Pile:
    moments = [pile.since for pile in (one, other) if pile.since is not None]
    return Pile(one.count + other.count, min(moments, default=None))


def of_school(table: Table, school_id: int) -> ColumnElement[bool]:
    """This school's. The sum keeps planners away from the indexes over the school's whole history."""
    return table.c.school_id + 0 == school_id


def _needs_person(table: Table, school_id: int) -> tuple[ColumnElement[bool], ...]:
    return table.c.school_id == school_id, table.c.needs_person.is_not(None)
