"""Whatever waits for a person: payments, receipts in suspense, unreadable bodies, codes that parents sent in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select, update

from storage import audit
from storage.claims import CLAIMS
from storage.inbox import ITEMS
from storage.payment_rows import PAYMENTS
from storage.people import Student
from storage.receipts import RECEIPTS
from storage.schema import table_of
from storage.unit import Unit

_STUDENTS = table_of(Student)
_TABLES = {"payment": PAYMENTS, "receipt": RECEIPTS, "inbox": ITEMS, "claim": CLAIMS}


@dataclass(frozen=True, slots=True)
class AttentionRow:
    """ref: `payment:17`, `receipt:5`, `inbox:9` or `claim:3`. what: a reason key. code: the one claimed, else ""."""

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
    rows = [_row("payment", row) for row in unit.core.execute(_payments(school_id).limit(limit))]
    rows += [_row("receipt", row) for row in unit.core.execute(_receipts(school_id).limit(limit))]
    rows += [_row("inbox", row) for row in unit.core.execute(_bodies(school_id).limit(limit))]
    rows += [_row("claim", row, row.code) for row in unit.core.execute(_claims(school_id).limit(limit))]
    return sorted(rows, key=lambda row: (row.since, row.ref))[:limit]


def done(unit: Unit, school_id: int, ref: str, *, note: str, by: str, now: datetime) -> bool:
    """A person has dealt with it; written into the audit trail. False: nothing that waits is called so."""
    kind, _, number = ref.partition(":")
    table = _TABLES.get(kind)
    if table is None or not number.isdecimal():
        return False
    waiting = (table.c.school_id == school_id) & table.c.needs_person.is_not(None)
    cleared = unit.core.execute(
        update(table).where(waiting, table.c.id == int(number)).values(needs_person=None)
    )
    if cleared.rowcount != 1:
        return False
    if kind == "payment":
        _clear_suspense_of(unit, int(number))
    audit.record(
        unit, school_id=school_id, actor=by, action="attention.done", subject=ref, now=now, detail=note
    )
    return True


def _clear_suspense_of(unit: Unit, payment_id: int) -> None:
    unit.core.execute(
        update(RECEIPTS)
        .where(RECEIPTS.c.reported_payment_id == payment_id, RECEIPTS.c.needs_person.is_not(None))
        .values(needs_person=None)
    )
    unit.core.execute(update(PAYMENTS).where(PAYMENTS.c.id == payment_id).values(needs_person_since=None))


def _payments(school_id: int) -> Select[Any]:
    return (
        select(
            PAYMENTS.c.id,
            PAYMENTS.c.needs_person,
            PAYMENTS.c.needs_person_since.label("since"),
            PAYMENTS.c.amount_cents,
            _STUDENTS.c.name,
            PAYMENTS.c.id.label("payment_id"),
        )
        .join(_STUDENTS, _STUDENTS.c.id == PAYMENTS.c.student_id)
        .where(PAYMENTS.c.school_id == school_id, PAYMENTS.c.needs_person.is_not(None))
        .order_by(PAYMENTS.c.needs_person_since)
    )


def _receipts(school_id: int) -> Select[Any]:
    told_already = (PAYMENTS.c.id == RECEIPTS.c.reported_payment_id) & (
        PAYMENTS.c.needs_person == RECEIPTS.c.needs_person
    )
    student_id = PAYMENTS.c.student_id
    return (
        select(
            RECEIPTS.c.id,
            RECEIPTS.c.needs_person,
            RECEIPTS.c.created_at.label("since"),
            RECEIPTS.c.amount_cents,
            _STUDENTS.c.name,
            RECEIPTS.c.reported_payment_id.label("payment_id"),
        )
        .join(PAYMENTS, PAYMENTS.c.id == RECEIPTS.c.reported_payment_id, isouter=True)
        .join(_STUDENTS, _STUDENTS.c.id == student_id, isouter=True)
        .where(
            RECEIPTS.c.school_id == school_id,
            RECEIPTS.c.needs_person.is_not(None),
            ~select(PAYMENTS.c.id).where(told_already).correlate(RECEIPTS).exists(),
        )
        .order_by(RECEIPTS.c.created_at)
    )


def _bodies(school_id: int) -> Select[Any]:
    return (
        select(
            ITEMS.c.id,
            ITEMS.c.needs_person,
            ITEMS.c.received_at.label("since"),
            PAYMENTS.c.amount_cents,
            _STUDENTS.c.name,
            ITEMS.c.payment_id,
        )
        .join(PAYMENTS, PAYMENTS.c.id == ITEMS.c.payment_id, isouter=True)
        .join(_STUDENTS, _STUDENTS.c.id == PAYMENTS.c.student_id, isouter=True)
        .where(ITEMS.c.school_id == school_id, ITEMS.c.needs_person.is_not(None))
        .order_by(ITEMS.c.received_at)
    )


def _claims(school_id: int) -> Select[Any]:
    return (
        select(
            CLAIMS.c.id,
            CLAIMS.c.code,
            CLAIMS.c.needs_person,
            CLAIMS.c.created_at.label("since"),
            PAYMENTS.c.amount_cents,
            _STUDENTS.c.name,
            CLAIMS.c.payment_id,
        )
        .join(PAYMENTS, PAYMENTS.c.id == CLAIMS.c.payment_id, isouter=True)
        .join(_STUDENTS, _STUDENTS.c.id == PAYMENTS.c.student_id, isouter=True)
        .where(CLAIMS.c.school_id == school_id, CLAIMS.c.needs_person.is_not(None))
        .order_by(CLAIMS.c.created_at)
    )


def _row(kind: str, row: Row[Any], code: str = "") -> AttentionRow:
    return AttentionRow(
        ref=f"{kind}:{row.id}",
        what=row.needs_person,
        since=row.since,
        amount_cents=row.amount_cents,
        student_name=row.name,
        payment_id=row.payment_id,
        code=code,
    )
