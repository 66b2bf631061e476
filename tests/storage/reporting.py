"""Reports of money, told as settling tells them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from storage import checks, payments, receipts
from storage.database import Unit
from storage.payment_state import PaymentStatus
from storage.payments import Payment
from storage.receipts import Receipt, Recorded
from tests.builders import NOON, a_guardian_with_children, a_school, a_sent_payment, announce

S = PaymentStatus
PAID_AT = NOON + timedelta(seconds=20)
HEARD_AT = NOON + timedelta(minutes=1)
ASKED = 1_500_00
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Report:
    """What one source tells."""

    source: str
    number: str | None
    amount_cents: int | None = ASKED
    paid_at: datetime | None = PAID_AT
    payer: str | None = "254712345456"


def query() -> Report:
    """A query says "paid", and neither number nor amount nor time."""
    return Report("query", None, None, None, None)


def tell(unit: Unit, payment: Payment, report: Report) -> Recorded:
    """Records the report and moves the payment, as settling does."""
    recorded = receipts.record(
        unit,
        payment=payment,
        number=report.number,
        amount_cents=report.amount_cents,
        paid_at=report.paid_at,
        source=report.source,
        payer=report.payer,
        now=HEARD_AT,
    )
    if recorded.receipt is not None:
        payments.move(unit, payment.id, S.PAID, now=NOON, announce=announce)
    return recorded


def a_family_payment(unit: Unit) -> Payment:
    """A payment of a child who owes 15,000."""
    return a_sent_payment(unit, a_guardian_with_children(unit, a_school(unit)), amount_cents=ASKED)


def fresh_code() -> str:
    """A receipt number that was never used."""
    return f"TK{next(_numbers):08}"


def postings(unit: Unit, receipt: Receipt) -> list[tuple[str, int]]:
    """The receipt's lines: (account, cents)."""
    rows = unit.core.execute(
        text(
            "SELECT l.account, l.amount_cents FROM ledger_lines l JOIN ledger_entries e ON e.id = l.entry_id "
            "WHERE e.kind LIKE 'receipt%' AND e.ref = :ref ORDER BY l.id"
        ),
        {"ref": str(receipt.id)},
    )
    return [(row.account, row.amount_cents) for row in rows]


def healthy(unit: Unit) -> None:
    """Every invariant holds."""
    assert checks.run(unit, 1, NOON) == []
