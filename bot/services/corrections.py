"""Correct an opening balance: the difference is posted, nothing is overwritten, the audit trail says why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage import audit, ledger, people
from storage.unit import Unit

MAX_OPENING_CENTS = 10_000_000_00
MAX_REASON = 500


class CorrectionRefused(Exception):
    """Nothing was posted; the text says why."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction that stands. Amounts in cents; difference_cents 0: it was so already."""

    admission_number: str
    opening_cents: int
    difference_cents: int
    balance_cents: int

    def sentence(self) -> str:
        """What was done, for the person at the keyboard."""
        if self.difference_cents == 0:
            return f"{self.admission_number}: the opening balance is {_kes(self.opening_cents)} already."
        return (
            f"{self.admission_number}: the opening balance is {_kes(self.opening_cents)} now; "
            f"{_kes(self.difference_cents)} was posted, and the balance is {_kes(self.balance_cents)}."
        )


def correct(
    unit: Unit,
    *,
    school_id: int,
    admission: str,
    opening_balance_cents: int,
    reason: str,
    by: str,
    now: datetime,
) -> Corrected:
    """Make a child's opening balance this much (negative: credit). Raises CorrectionRefused."""
    student = people.find_student(unit, school_id, admission)
    if student is None:
        raise CorrectionRefused(f"no child has the admission number {admission}.")
    why = " ".join(reason.split())
    if not why:
        raise CorrectionRefused("say why: the audit trail needs a reason.")
    if len(why) > MAX_REASON:
        raise CorrectionRefused(f"the reason is longer than {MAX_REASON} characters.")
    if abs(opening_balance_cents) > MAX_OPENING_CENTS:
        raise CorrectionRefused(f"more than {_kes(MAX_OPENING_CENTS)} cannot be right.")
    people.lock_student(unit, student.id)  # or two corrections at once would both post the difference
    before = ledger.opening_of(unit, student.id)
    difference = opening_balance_cents - before
    if difference:
        _post(unit, school_id, student.id, before, opening_balance_cents, why, by, now)
    return Corrected(
        admission_number=student.admission_number,
        opening_cents=opening_balance_cents,
        difference_cents=difference,
        balance_cents=ledger.balance_cents(unit, student.id),
    )


def _post(
    unit: Unit, school_id: int, student_id: int, before: int, after: int, why: str, by: str, now: datetime
) -> None:
    record = audit.record(
        unit,
        school_id=school_id,
        actor=by,
        action="correct opening balance",
        subject=f"student:{student_id}",
        detail=f"{_kes(before)} -> {_kes(after)}: {why}",
        now=now,
    )
    ledger.correct_opening(
        unit,
        school_id=school_id,
        student_id=student_id,
        opening_cents=after,
        ref=f"audit:{record.id}",
        now=now,
    )


def _kes(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}KES {abs(cents) // 100:,}"
