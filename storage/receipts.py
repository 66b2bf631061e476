"""Every shilling that came in, once each, by M-PESA receipt number, whoever told us and in whatever order.

A payment owns at most one receipts row; the number may follow later. What cannot be given to a child is in
suspense.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, select, text, update
from sqlmodel import Field
from sqlmodel import select as select_rows

from storage import claims, ledger
from storage.ledger import Account, Line
from storage.payment_rows import PAYMENTS, Payment
from storage.schema import Row, one_of, table_of
from storage.unit import Unit, insert_once

SECOND_RECEIPT = "second_receipt"  #: another receipt number for a payment that has one: in suspense
RECEIPT_CONFLICT = "receipt_conflict"  #: the number belongs to another payment: nothing was taken


class Source(StrEnum):
    """Who told us."""

    CALLBACK = "callback"
    QUERY = "query"


class Receipt(Row, table=True):
    """student_id null: in suspense. number null: it is to follow. paid_at: M-PESA's time where we know it.

    reported_payment_id: for a row in suspense, the payment whose report brought it.
    """

    __tablename__: ClassVar[str] = "receipts"
    __table_args__ = (
        UniqueConstraint("school_id", "number"),
        one_of("source", Source),
        CheckConstraint("amount_cents > 0", name="amount_above_zero"),
        CheckConstraint("payment_id IS NULL OR student_id IS NOT NULL", name="paid_for_a_child"),
        Index(
            "ix_receipts_needs_person",
            "school_id",
            sqlite_where=text("needs_person IS NOT NULL"),
            postgresql_where=text("needs_person IS NOT NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    payment_id: int | None = Field(default=None, foreign_key="payments.id", unique=True)
    reported_payment_id: int | None = Field(default=None, foreign_key="payments.id", index=True)
    number: str | None = None
    amount_cents: int = Field(sa_type=BigInteger)
    student_id: int | None = Field(default=None, foreign_key="students.id", index=True)
    paid_at: datetime
    source: str
    payer_masked: str = ""
    needs_person: str | None = None
    created_at: datetime


RECEIPTS = table_of(Receipt)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a report of money came to.

    receipt: the payment's own row; None only in a conflict, when nothing was credited and the payment is
    not paid by it. is_new: the payment had none before. number_filled: its number came just now.
    amount_differs: not what was asked. conflict: "", SECOND_RECEIPT or RECEIPT_CONFLICT; a person is needed
    then.
    """

    receipt: Receipt | None
    is_new: bool = False
    number_filled: bool = False
    amount_differs: bool = False
    conflict: str = ""


@dataclass(frozen=True, slots=True)
class _Report:
    """One report, tidied."""

    number: str | None
    amount_cents: int
    paid_at: datetime
    source: str
    payer_masked: str
    now: datetime


def record(
    unit: Unit,
    *,
    payment: Payment,
    number: str | None,
    amount_cents: int | None,
    paid_at: datetime,
    source: str,
    payer: str | None,
    now: datetime,
) -> Recorded:
    """Takes a report that this payment's money moved, and posts it: once, however often and by whomever it
    is told.

    number, amount_cents: None where the report does not tell (a query); the amount is then the one that was
    asked for. payer: as sent; only its mask is kept.
    """
    _lock(unit, payment)
    told = amount_cents if amount_cents is not None and amount_cents > 0 else payment.amount_cents
    differs = amount_cents is not None and amount_cents != payment.amount_cents
    report = _Report(_tidy(number), told, paid_at, Source(source).value, masked(payer), now)
    if report.number is not None:
        claims.confirm(unit, payment.school_id, report.number)
    own = of_payment(unit, payment.id)
    known = None if report.number is None else find(unit, payment.school_id, report.number)
    if known is not None and known.payment_id != payment.id:
        repeat = known.payment_id is None and known.reported_payment_id == payment.id
        return Recorded(own, conflict="" if repeat else RECEIPT_CONFLICT)
    if own is None:
        return Recorded(_first(unit, payment, report), is_new=True, amount_differs=differs)
    if report.number is None or known is not None:
        return Recorded(own)
    if own.number is None:
        return Recorded(_fill(unit, own, report), number_filled=True, amount_differs=differs)
    _suspend(unit, payment, report)
    return Recorded(own, conflict=SECOND_RECEIPT)


def of_payment(unit: Unit, payment_id: int) -> Receipt | None:
    """The payment's own receipt."""
    return _row(unit, Receipt.payment_id == payment_id)


def find(unit: Unit, school_id: int, number: str) -> Receipt | None:
    """The receipt with that number, in suspense or not. number: in capitals."""
    return _row(unit, Receipt.school_id == school_id, Receipt.number == number)


def masked(payer: str | None) -> str:
    """At most the network's two digits and the last three: "07••• 456"; "" when nothing can be shown."""
    kept = re.sub(r"[\s+\-]", "", payer or "")
    tail = re.search(r"[0-9]{3}$", kept)
    if tail is None:
        return ""
    head = re.match(r"(?:254|0)([17])", kept)
    return f"{'0' + head[1] if head else ''}••• {tail[0]}"


def _tidy(number: str | None) -> str | None:
    return (number or "").strip().upper() or None


def _lock(unit: Unit, payment: Payment) -> None:
    """One report about a payment at a time; SQLite has one writer anyway."""
    if unit.core.dialect.name != "sqlite":
        unit.core.execute(select(PAYMENTS.c.id).where(PAYMENTS.c.id == payment.id).with_for_update())


def _first(unit: Unit, payment: Payment, report: _Report) -> Receipt:
    receipt_id = _insert(unit, payment, report, payment_id=payment.id, student_id=payment.student_id)
    _post(unit, payment.school_id, "receipt", receipt_id, report.amount_cents, payment.student_id, report.now)
    return _present(unit, receipt_id)


def _suspend(unit: Unit, payment: Payment, report: _Report) -> None:
    receipt_id = _insert(unit, payment, report, reported_payment_id=payment.id, needs_person=SECOND_RECEIPT)
    _post(unit, payment.school_id, "receipt", receipt_id, report.amount_cents, None, report.now)


def _fill(unit: Unit, own: Receipt, report: _Report) -> Receipt:
    """The number, and with it M-PESA's own time and amount; an amount other than assumed posts the
    difference.
    """
    unit.core.execute(
        update(RECEIPTS)
        .where(RECEIPTS.c.id == own.id, RECEIPTS.c.number.is_(None))
        .values(
            number=report.number,
            amount_cents=report.amount_cents,
            paid_at=report.paid_at,
            source=report.source,
            payer_masked=report.payer_masked or own.payer_masked,
        )
    )
    difference = report.amount_cents - own.amount_cents
    if difference:
        _post(unit, own.school_id, "receipt_amount", own.id, difference, own.student_id, report.now)
    return _present(unit, own.id)


def _insert(unit: Unit, payment: Payment, report: _Report, **more: Any) -> int:
    values = {
        "school_id": payment.school_id,
        "number": report.number,
        "amount_cents": report.amount_cents,
        "paid_at": report.paid_at,
        "source": report.source,
        "payer_masked": report.payer_masked,
        "created_at": report.now,
        **more,
    }
    receipt_id = insert_once(unit, RECEIPTS, values)
    if receipt_id is None:
        raise LookupError(f"The receipt of payment {payment.id} was written by another meanwhile.")
    return receipt_id


def _post(
    unit: Unit, school_id: int, kind: str, receipt_id: int, cents: int, student_id: int | None, now: datetime
) -> None:
    credited = Account.SUSPENSE if student_id is None else Account.FEES
    lines = (Line(Account.MPESA, cents), Line(credited, -cents, student_id))
    ledger.post(unit, school_id=school_id, kind=kind, ref=str(receipt_id), lines=lines, now=now)


def _row(unit: Unit, *conditions: Any) -> Receipt | None:
    statement = select_rows(Receipt).where(*conditions)
    return unit.session.exec(statement.execution_options(populate_existing=True)).one_or_none()


def _present(unit: Unit, receipt_id: int) -> Receipt:
    return unit.session.get_one(Receipt, receipt_id, populate_existing=True)
