"""Whatever waits for a person: payments, receipts in suspense, unreadable bodies, codes that parents sent in, and the
school's M-PESA line while it is down.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select, update

from storage import audit, lines
from storage.claims import CLAIMS
from storage.inbox import ITEMS
from storage.payment_concerns import CONCERNS, end
from storage.payment_rows import PAYMENTS
from storage.people import Student
from storage.receipt_rows import RECEIPTS, SECOND_RECEIPT
from storage.schema import table_of
from storage.unit import Unit

_STUDENTS = table_of(Student)
_TABLES = {"receipt": RECEIPTS, "inbox": ITEMS, "claim": CLAIMS}
_ROW = re.compile(r"(receipt|inbox|claim):([0-9]{1,18})")
_LINE = re.compile(r"line:([0-9]{1,9})")
_CONCERN = re.compile(r"payment:([0-9]{1,18})\.(.+)")


@dataclass(frozen=True, slots=True)
class AttentionRow:
    """ref: `payment:17.expired` (one for each reason), `receipt:5`, `inbox:9`, `claim:3`, or `line:2` (its second
    outage). what: the reason's key.

    code: the one claimed, else "".
    """

    ref: str
    what: str
    since: datetime
    amount_cents: int | None
    student_name: str | None
    payment_id: int | None
    code: str = ""


def listing(unit: Unit, school_id: int, limit: int = 200) -> list[AttentionRow]:
    """What waits, oldest first. A receipt in suspense is left out while its payment waits for the same
    reason.
    """
    concerns = unit.core.execute(_concerns(school_id).limit(limit))
    rows = [_row("payment", row, ending=f".{row.what}") for row in concerns]
    rows += [_row("receipt", row) for row in unit.core.execute(_receipts(school_id).limit(limit))]
    rows += [_row("inbox", row) for row in unit.core.execute(_bodies(school_id).limit(limit))]
    rows += [_row("claim", row, code=row.code) for row in unit.core.execute(_claims(school_id).limit(limit))]
    rows += _line(unit, school_id)
    return sorted(rows, key=_place)[:limit]


def done(unit: Unit, school_id: int, ref: str, *, note: str, by: str, now: datetime) -> bool:
    """A person has dealt with it; written into the audit trail. False: nothing that waits is called so.

    The line stays on the list until it works: it is tried at once.
    """
    if concern := _CONCERN.fullmatch(ref):
        cleared = _clear_concern(unit, school_id, int(concern[1]), concern[2], now)
    elif row := _ROW.fullmatch(ref):
        cleared = _clear_row(unit, school_id, row[1], int(row[2]))
    elif line := _LINE.fullmatch(ref):
        cleared = _try_line(unit, school_id, int(line[1]), now)
    else:
        cleared = False
    if not cleared:
        return False
    audit.record(
        unit, school_id=school_id, actor=by, action="attention.done", subject=ref, now=now, detail=note
    )
    return True


def _clear_row(unit: Unit, school_id: int, kind: str, row_id: int) -> bool:
    table = _TABLES[kind]
    waiting = (table.c.school_id == school_id) & table.c.needs_person.is_not(None)
    cleared = update(table).where(waiting, table.c.id == row_id).values(needs_person=None)
    return unit.core.execute(cleared).rowcount == 1


def _clear_concern(unit: Unit, school_id: int, payment_id: int, reason: str, now: datetime) -> bool:
    """A second receipt is dealt with together with the money in suspense that it stands for on the list."""
    if not end(unit, payment_id, reason, now, school_id=school_id):
        return False
    if reason == SECOND_RECEIPT:
        unit.core.execute(
            update(RECEIPTS)
            .where(RECEIPTS.c.reported_payment_id == payment_id, RECEIPTS.c.needs_person == SECOND_RECEIPT)
            .values(needs_person=None)
        )
    return True


def _line(unit: Unit, school_id: int) -> list[AttentionRow]:
    line = lines.seen(unit, school_id)
    if line is None or not line.down or line.since is None:
        return []
    return [AttentionRow(f"line:{line.outage}", "line_down", line.since, None, None, None)]


def _try_line(unit: Unit, school_id: int, outage: int, now: datetime) -> bool:
    line = lines.seen(unit, school_id)
    if line is None or not line.down or line.outage != outage:
        return False
    lines.hurry(unit, school_id, now=now)
    return True


def _concerns(school_id: int) -> Select[Any]:
    return (
        select(
            PAYMENTS.c.id,
            CONCERNS.c.reason.label("what"),
            CONCERNS.c.since,
            PAYMENTS.c.amount_cents,
            _STUDENTS.c.name,
            PAYMENTS.c.id.label("payment_id"),
        )
        .join(PAYMENTS, PAYMENTS.c.id == CONCERNS.c.payment_id)
        .join(_STUDENTS, _STUDENTS.c.id == PAYMENTS.c.student_id)
        .where(CONCERNS.c.school_id == school_id, CONCERNS.c.ended_at.is_(None))
        .order_by(CONCERNS.c.since, CONCERNS.c.payment_id)
    )


def _receipts(school_id: int) -> Select[Any]:
    told_already = select(CONCERNS.c.id).where(
        CONCERNS.c.payment_id == RECEIPTS.c.reported_payment_id,
        CONCERNS.c.reason == RECEIPTS.c.needs_person,
        CONCERNS.c.ended_at.is_(None),
    )
    return (
        select(
            RECEIPTS.c.id,
            RECEIPTS.c.needs_person.label("what"),
            RECEIPTS.c.created_at.label("since"),
            RECEIPTS.c.amount_cents,
            _STUDENTS.c.name,
            RECEIPTS.c.reported_payment_id.label("payment_id"),
        )
        .join(PAYMENTS, PAYMENTS.c.id == RECEIPTS.c.reported_payment_id, isouter=True)
        .join(_STUDENTS, _STUDENTS.c.id == PAYMENTS.c.student_id, isouter=True)
        .where(
            RECEIPTS.c.school_id == school_id,
            RECEIPTS.c.needs_person.is_not(None),
            ~told_already.correlate(RECEIPTS).exists(),
        )
        .order_by(RECEIPTS.c.created_at, RECEIPTS.c.id)
    )


def _bodies(school_id: int) -> Select[Any]:
    return (
        select(
            ITEMS.c.id,
            ITEMS.c.needs_person.label("what"),
            ITEMS.c.received_at.label("since"),
            PAYMENTS.c.amount_cents,
            _STUDENTS.c.name,
            ITEMS.c.payment_id,
        )
        .join(PAYMENTS, PAYMENTS.c.id == ITEMS.c.payment_id, isouter=True)
        .join(_STUDENTS, _STUDENTS.c.id == PAYMENTS.c.student_id, isouter=True)
        .where(ITEMS.c.school_id == school_id, ITEMS.c.needs_person.is_not(None))
        .order_by(ITEMS.c.received_at, ITEMS.c.id)
    )


def _claims(school_id: int) -> Select[Any]:
    return (
        select(
            CLAIMS.c.id,
            CLAIMS.c.code,
            CLAIMS.c.needs_person.label("what"),
            CLAIMS.c.created_at.label("since"),
            PAYMENTS.c.amount_cents,
            _STUDENTS.c.name,
            CLAIMS.c.payment_id,
        )
        .join(PAYMENTS, PAYMENTS.c.id == CLAIMS.c.payment_id, isouter=True)
        .join(_STUDENTS, _STUDENTS.c.id == PAYMENTS.c.student_id, isouter=True)
        .where(CLAIMS.c.school_id == school_id, CLAIMS.c.needs_person.is_not(None))
        .order_by(CLAIMS.c.created_at, CLAIMS.c.id)
    )


def _place(row: AttentionRow) -> tuple[datetime, str, int, str]:
    """By time; then the kinds in turn, each by its number."""
    kind, _, name = row.ref.partition(":")
    number, _, reason = name.partition(".")
    return row.since, kind, int(number), reason


def _row(kind: str, row: Row[Any], *, code: str = "", ending: str = "") -> AttentionRow:
    return AttentionRow(
        ref=f"{kind}:{row.id}{ending}",
        what=row.what,
        since=row.since,
        amount_cents=row.amount_cents,
        student_name=row.name,
        payment_id=row.payment_id,
        code=code,
    )
