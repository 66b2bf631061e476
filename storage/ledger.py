"""Balanced postings in whole cents. Balances are derived from the lines, never stored.

A line's amount is signed and the lines of one entry sum to zero. `fees` is what a child owes: positive is
owed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, func, select, text
from sqlmodel import Field

from storage.schema import Row, one_of, table_of
from storage.unit import Unit, insert_once


class Account(StrEnum):
    """The accounts. fees and opening carry the child on every line."""

    MPESA = "mpesa"
    FEES = "fees"
    OPENING = "opening"
    SUSPENSE = "suspense"


class Unbalanced(ValueError):
    """The lines do not sum to zero, or one of them is no line: nothing was posted."""


@dataclass(frozen=True, slots=True)
class Line:
    """One side of a posting. amount_cents: signed, never zero. student_id: for fees and opening."""

    account: Account
    amount_cents: int
    student_id: int | None = None


class LedgerEntry(Row, table=True):
    """A posting's head. (kind, ref) happens once: a repeat posts nothing."""

    __tablename__: ClassVar[str] = "ledger_entries"
    __table_args__ = (UniqueConstraint("school_id", "kind", "ref"),)

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    kind: str
    ref: str
    at: datetime


class LedgerLine(Row, table=True):
    """A posting's line."""

    __tablename__: ClassVar[str] = "ledger_lines"
    __table_args__ = (
        one_of("account", Account),
        CheckConstraint("amount_cents <> 0", name="amount_not_zero"),
        CheckConstraint(
            "(account IN ('fees', 'opening')) = (student_id IS NOT NULL)", name="student_where_due"
        ),
        Index(
            "ix_ledger_lines_student",
            "student_id",
            "account",
            "amount_cents",
            sqlite_where=text("student_id IS NOT NULL"),
            postgresql_where=text("student_id IS NOT NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    entry_id: int = Field(foreign_key="ledger_entries.id", index=True)
    account: str
    student_id: int | None = Field(default=None, foreign_key="students.id")
    amount_cents: int = Field(sa_type=BigInteger)


ENTRIES, LINES = table_of(LedgerEntry), table_of(LedgerLine)


def post(
    unit: Unit, *, school_id: int, kind: str, ref: str, lines: Sequence[Line], now: datetime
) -> int | None:
    """Posts the lines under one head and returns its id; None when (kind, ref) was posted before.

    Raises Unbalanced, and posts nothing, unless there are two lines or more that sum to zero.
    """
    if (
        len(lines) < 2
        or sum(line.amount_cents for line in lines) != 0
        or any(not line.amount_cents for line in lines)
    ):
        raise Unbalanced(f"The posting {kind} does not balance.")
    head = {"school_id": school_id, "kind": kind, "ref": ref, "at": now}
    entry_id = insert_once(unit, ENTRIES, head, ("school_id", "kind", "ref"))
    if entry_id is None:
        return None
    rows = [
        {
            "school_id": school_id,
            "entry_id": entry_id,
            "account": line.account.value,
            "student_id": line.student_id,
            "amount_cents": line.amount_cents,
        }
        for line in lines
    ]
    unit.core.execute(LINES.insert(), rows)
    return entry_id


def post_opening(unit: Unit, *, school_id: int, student_id: int, amount_cents: int, now: datetime) -> bool:
    """What the child owed on the day of the import (negative: credit), once per child. False: it was posted
    before.

    Zero posts nothing and returns False.
    """
    return _post_owed(unit, school_id, "opening", str(student_id), student_id, amount_cents, now)


def correct_opening(
    unit: Unit, *, school_id: int, student_id: int, opening_cents: int, ref: str, now: datetime
) -> int:
    """Posts what is missing to make the child's opening balance this much; returns the difference in cents
    (0: none).

    ref: names this correction, so that it happens once.
    """
    difference = opening_cents - opening_of(unit, student_id)
    _post_owed(unit, school_id, "opening_correction", ref, student_id, difference, now)
    return difference


def opening_of(unit: Unit, student_id: int) -> int:
    """The child's opening balance with its corrections, in cents; 0 when there is none."""
    total = select(func.coalesce(func.sum(LINES.c.amount_cents), 0)).where(
        LINES.c.student_id == student_id, LINES.c.account == Account.OPENING.value
    )
    return -int(unit.core.execute(total).scalar_one())


def has_opening(unit: Unit, school_id: int, student_id: int) -> bool:
    """Whether an opening balance was ever posted for the child."""
    found = select(ENTRIES.c.id).where(
        ENTRIES.c.school_id == school_id, ENTRIES.c.kind == "opening", ENTRIES.c.ref == str(student_id)
    )
    return unit.core.execute(found).first() is not None


def balance_cents(unit: Unit, student_id: int) -> int:
    """What the child owes now; negative is credit."""
    return balances(unit, [student_id])[student_id]


def balances(unit: Unit, student_ids: Iterable[int]) -> dict[int, int]:
    """What each child owes now, every asked id included."""
    found = dict.fromkeys(student_ids, 0)
    totals = (
        select(LINES.c.student_id, func.sum(LINES.c.amount_cents))
        .where(LINES.c.student_id.in_(list(found)), LINES.c.account == Account.FEES.value)
        .group_by(LINES.c.student_id)
    )
    for student_id, owed in unit.core.execute(totals):
        found[student_id] = int(owed)
    return found


def _post_owed(
    unit: Unit, school_id: int, kind: str, ref: str, student_id: int, amount_cents: int, now: datetime
) -> bool:
    if amount_cents == 0:
        return False
    lines = (
        Line(Account.FEES, amount_cents, student_id),
        Line(Account.OPENING, -amount_cents, student_id),
    )
    return post(unit, school_id=school_id, kind=kind, ref=ref, lines=lines, now=now) is not None
