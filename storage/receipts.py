"""Every shilling that came in, once each, by M-PESA receipt number, whoever told us and in whatever order.

A payment owns at most one receipts row; number, amount and time may follow later, each told once. What
cannot be given to a child is in suspense.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import select as select_rows

from storage import claims, ledger
from storage.ledger import Account, Line
from storage.payment_rows import PAYMENTS, Payment
from storage.receipt_rows import (
    AMOUNT_CONFLICT,
    RECEIPT_CONFLICT,
    RECEIPTS,
    SECOND_RECEIPT,
    Receipt,
    Source,
)
from storage.unit import Unit, insert_once

__all__ = [
    "AMOUNT_CONFLICT", "RECEIPT_CONFLICT", "SECOND_RECEIPT", "Receipt", "Recorded", "Source", "find",
    "masked", "of_payment", "record",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a report of money came to.

    receipt: the payment's own row; None only in a conflict, when nothing was credited and the payment is
    not paid by it. is_new: the payment had none before. number_filled: its number came just now.
    amount_corrected: an assumed amount gave way to the told one, and the difference was posted.
    amount_differs: the amount told just now is not what was asked, or not what was told before. conflict:
    "", SECOND_RECEIPT, RECEIPT_CONFLICT or AMOUNT_CONFLICT; a person is needed then.
    """

    receipt: Receipt | None
    is_new: bool = False
    number_filled: bool = False
    amount_corrected: bool = False
    amount_differs: bool = False
    conflict: str = ""


@dataclass(frozen=True, slots=True)
class _Report:
    """One report, tidied; None where it does not tell."""

    number: str | None
    amount_cents: int | None
    paid_at: datetime | None
    source: Source
    payer_masked: str
    now: datetime


def record(
    unit: Unit,
    *,
    payment: Payment,
    number: str | None,
    amount_cents: int | None,
    paid_at: datetime | None,
    source: str,
    payer: str | None,
    now: datetime,
) -> Recorded:
    """Takes a report that this payment's money moved, and posts it: once, however often and by whomever it
    is told.

    number, amount_cents, paid_at: None where the report does not tell; then the amount asked for and `now`
    are assumed until a report tells. payer: as sent; only its mask is kept. Raises ValueError for an amount
    of zero or less.
    """
    if amount_cents is not None and amount_cents <= 0:
        raise ValueError("Money that came in is above zero.")
    _lock(unit, payment)
    report = _Report(_tidy(number), amount_cents, paid_at, Source(source), masked(payer), now)
    own = of_payment(unit, payment.id)
    known = None if report.number is None else find(unit, payment.school_id, report.number)
    if known is not None and not _came_with(payment, known):
        return Recorded(own, conflict=RECEIPT_CONFLICT)
    if report.number is not None:
        claims.confirm(unit, payment, report.number)
    if own is None:
        differs = report.amount_cents not in (None, payment.amount_cents)
        return Recorded(_first(unit, payment, report), is_new=True, amount_differs=differs)
    if known is not None and known.id != own.id:
        conflict = _learn(unit, payment, known, report).conflict
        return Recorded(own, amount_differs=bool(conflict), conflict=conflict)
    if known is None and report.number is not None and own.number is not None:
        _suspend(unit, payment, report)
        return Recorded(own, conflict=SECOND_RECEIPT)
    return _learn(unit, payment, own, report)


def of_payment(unit: Unit, payment_id: int) -> Receipt | None:
    """The payment's own receipt."""
    return _row(unit, Receipt.payment_id == payment_id)


def find(unit: Unit, school_id: int, number: str) -> Receipt | None:
    """The receipt with that number, in suspense or not. number: in capitals."""
    return _row(unit, Receipt.school_id == school_id, Receipt.number == number)


def unnumbered(unit: Unit, school_id: int) -> int:
    """How many payments are paid without a receipt number so far."""
    statement = select(func.count()).where(RECEIPTS.c.school_id == school_id, RECEIPTS.c.number.is_(None))
    return int(unit.core.execute(statement).scalar_one())


def masked(payer: str | None) -> str:
    """At most the network's two digits and the last three: "07••• 456"; "" when nothing can be shown."""
    kept = re.sub(r"[\s+\-]", "", payer or "")
    tail = re.search(r"[0-9]{3}$", kept)
    if tail is None:
        return ""
    head = re.match(r"(?:254|0)([17])", kept)
    return f"{'0' + head[1] if head else ''}••• {tail[0]}"


def _came_with(payment: Payment, receipt: Receipt) -> bool:
    """Its own, or in suspense because of its report."""
    return payment.id == (receipt.payment_id or receipt.reported_payment_id)


def _tidy(number: str | None) -> str | None:
    return (number or "").strip().upper() or None


def _lock(unit: Unit, payment: Payment) -> None:
    """One report about a payment at a time; SQLite has one writer anyway."""
    if unit.core.dialect.name != "sqlite":
        unit.core.execute(select(PAYMENTS.c.id).where(PAYMENTS.c.id == payment.id).with_for_update())


def _first(unit: Unit, payment: Payment, report: _Report) -> Receipt:
    return _insert(unit, payment, report, payment_id=payment.id, student_id=payment.student_id)


def _suspend(unit: Unit, payment: Payment, report: _Report) -> None:
    _insert(unit, payment, report, reported_payment_id=payment.id, needs_person=SECOND_RECEIPT)


def _learn(unit: Unit, payment: Payment, row: Receipt, report: _Report) -> Recorded:
    """Fills in what was not told before. What was told stands; an amount other than assumed posts the
    difference.
    """
    told = report.amount_cents
    contradicted = told is not None and row.amount_told and told != row.amount_cents
    numbered = report.number is not None and row.number is None
    if contradicted and not numbered:
        return Recorded(row, amount_differs=True, conflict=AMOUNT_CONFLICT)
    difference = 0 if told is None or row.amount_told else told - row.amount_cents
    differs = contradicted or (told not in (None, payment.amount_cents) and not row.amount_told)
    news = _news(row, report)
    if news:
        unit.core.execute(update(RECEIPTS).where(RECEIPTS.c.id == row.id).values(**news))
    if difference:
        _post(unit, "receipt_amount", row, difference, report.now)
    return Recorded(
        _present(unit, row.id),
        number_filled=numbered,
        amount_corrected=bool(difference),
        amount_differs=differs,
        conflict=AMOUNT_CONFLICT if contradicted else "",
    )


def _news(row: Receipt, report: _Report) -> dict[str, Any]:
    """The columns that the report tells for the first time. A callback counts for more than a query."""
    news: dict[str, Any] = {}
    if report.number is not None and row.number is None:
        news["number"] = report.number
    if report.amount_cents is not None and not row.amount_told:
        news |= {"amount_cents": report.amount_cents, "amount_told": True}
    if report.paid_at is not None and not row.time_told:
        news |= {"paid_at": report.paid_at, "time_told": True}
    if report.payer_masked and not row.payer_masked:
        news["payer_masked"] = report.payer_masked
    if report.source is Source.CALLBACK and row.source != Source.CALLBACK:
        news["source"] = report.source.value
    return news


def _insert(unit: Unit, payment: Payment, report: _Report, **more: Any) -> Receipt:
    values = {
        "school_id": payment.school_id,
        "number": report.number,
        "amount_cents": report.amount_cents or payment.amount_cents,
        "amount_told": report.amount_cents is not None,
        "paid_at": report.paid_at or report.now,
        "time_told": report.paid_at is not None,
        "source": report.source.value,
        "payer_masked": report.payer_masked,
        "created_at": report.now,
        **more,
    }
    receipt_id = insert_once(unit, RECEIPTS, values)
    if receipt_id is None:
        raise LookupError(f"The receipt of payment {payment.id} was written by another meanwhile.")
    receipt = _present(unit, receipt_id)
    _post(unit, "receipt", receipt, receipt.amount_cents, report.now)
    return receipt


def _post(unit: Unit, kind: str, receipt: Receipt, cents: int, now: datetime) -> None:
    credited = Account.SUSPENSE if receipt.student_id is None else Account.FEES
    lines = (Line(Account.MPESA, cents), Line(credited, -cents, receipt.student_id))
    ledger.post(unit, school_id=receipt.school_id, kind=kind, ref=str(receipt.id), lines=lines, now=now)


def _row(unit: Unit, *conditions: Any) -> Receipt | None:
    statement = select_rows(Receipt).where(*conditions)
    return unit.session.exec(statement.execution_options(populate_existing=True)).one_or_none()


def _present(unit: Unit, receipt_id: int) -> Receipt:
    return unit.session.get_one(Receipt, receipt_id, populate_existing=True)
