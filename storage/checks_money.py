"""Invariants of money: every receipt posted once, every posting balanced, every balance explained."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, ColumnElement, Integer, Select, and_, cast, func, or_, select

from storage.broken import Rule
from storage.imports import OPENING
from storage.ledger import ENTRIES, LINES, Account
from storage.payment_rows import PAYMENTS
from storage.payment_state import PaymentStatus
from storage.receipt_rows import RECEIPTS

S = PaymentStatus
R = RECEIPTS.c
_POSTED = ("receipt", "receipt_amount")  #: kinds of entry whose ref is a receipt's id


def rules(school_id: int) -> list[Rule]:
    """The rules of one school."""
    owner = PAYMENTS.c.id == R.payment_id
    return [
        Rule(
            "Payment {0} is {1}, but owns no receipt.",
            select(PAYMENTS.c.id, PAYMENTS.c.status)
            .join(RECEIPTS, owner, isouter=True)
            .where(
                PAYMENTS.c.school_id == school_id,
                PAYMENTS.c.status.in_([S.PAID, S.REVERSED]),
                R.id.is_(None),
            ),
        ),
        Rule(
            "Receipt {0} belongs to payment {1}, which is {2}.",
            select(R.id, PAYMENTS.c.id, PAYMENTS.c.status)
            .join(PAYMENTS, owner)
            .where(R.school_id == school_id, PAYMENTS.c.status.not_in([S.PAID, S.REVERSED])),
        ),
        Rule(
            "Receipt {0} is for another child than its payment {1}.",
            select(R.id, PAYMENTS.c.id)
            .join(PAYMENTS, owner)
            .where(R.school_id == school_id, R.student_id != PAYMENTS.c.student_id),
        ),
        Rule("Posting {0} does not balance: it is out by {1} cents.", _unbalanced(school_id)),
        Rule("Receipt {0} is of {1} cents, but {2} are posted to M-PESA.", _posted_wrong(school_id)),
        Rule("Receipt {0} is of {1} cents, but {2} are credited.", _credited_wrong(school_id)),
        Rule("Posting {0} is of receipt {1}, which there is not.", _orphans(school_id)),
        Rule("Child {0} owes {1} cents, but opening and receipts make {2}.", _unexplained(school_id)),
    ]


def _unbalanced(school_id: int) -> Select[Any]:
    """An opening balance of nothing is a head without lines: it counts as posted, and moves nothing."""
    total = func.coalesce(func.sum(LINES.c.amount_cents), 0)
    return (
        select(ENTRIES.c.id, total)
        .join(LINES, LINES.c.entry_id == ENTRIES.c.id, isouter=True)
        .where(ENTRIES.c.school_id == school_id)
        .group_by(ENTRIES.c.id)
        .having(or_(total != 0, and_(func.count(LINES.c.id) < 2, ENTRIES.c.kind != OPENING)))
    )


def _lines_of_receipts(school_id: int) -> CTE:
    """The lines posted for receipts, each with its receipt's id."""
    return (
        select(
            cast(ENTRIES.c.ref, Integer).label("receipt_id"),
            LINES.c.account,
            LINES.c.student_id,
            LINES.c.amount_cents,
        )
        .join(LINES, LINES.c.entry_id == ENTRIES.c.id)
        .where(ENTRIES.c.school_id == school_id, ENTRIES.c.kind.in_(_POSTED))
        .cte("posted")
    )


def _posted_wrong(school_id: int) -> Select[Any]:
    posted = _lines_of_receipts(school_id)
    return _sums(school_id, posted, posted.c.account == Account.MPESA, 1)


def _credited_wrong(school_id: int) -> Select[Any]:
    posted = _lines_of_receipts(school_id)
    fees = and_(posted.c.account == Account.FEES, posted.c.student_id == R.student_id)
    suspense = and_(posted.c.account == Account.SUSPENSE, R.student_id.is_(None))
    return _sums(school_id, posted, or_(fees, suspense), -1)


def _sums(school_id: int, posted: CTE, counted: ColumnElement[bool], sign: int) -> Select[Any]:
    total = sign * func.coalesce(func.sum(posted.c.amount_cents), 0)
    return (
        select(R.id, R.amount_cents, total)
        .join(posted, and_(posted.c.receipt_id == R.id, counted), isouter=True)
        .where(R.school_id == school_id)
        .group_by(R.id, R.amount_cents)
        .having(total != R.amount_cents)
    )


def _orphans(school_id: int) -> Select[Any]:
    there = select(R.id).where(R.id == cast(ENTRIES.c.ref, Integer))
    return select(ENTRIES.c.id, ENTRIES.c.ref).where(
        ENTRIES.c.school_id == school_id, ENTRIES.c.kind.in_(_POSTED), ~there.exists()
    )


def _unexplained(school_id: int) -> Select[Any]:
    """Σ fees of a child = its opening lines turned round - its receipts."""
    lines = (
        select(
            LINES.c.student_id,
            func.sum(LINES.c.amount_cents).filter(LINES.c.account == Account.FEES).label("owed"),
            func.sum(LINES.c.amount_cents).filter(LINES.c.account == Account.OPENING).label("opening"),
        )
        .where(LINES.c.school_id == school_id, LINES.c.student_id.is_not(None))
        .group_by(LINES.c.student_id)
        .cte("lines_of_child")
    )
    received = (
        select(R.student_id, func.sum(R.amount_cents).label("received"))
        .where(R.school_id == school_id, R.student_id.is_not(None))
        .group_by(R.student_id)
        .cte("received_of_child")
    )
    owed = func.coalesce(lines.c.owed, 0)
    explained = -func.coalesce(lines.c.opening, 0) - func.coalesce(received.c.received, 0)
    return (
        select(lines.c.student_id, owed, explained)
        .join(received, received.c.student_id == lines.c.student_id, isouter=True)
        .where(owed != explained)
    )
