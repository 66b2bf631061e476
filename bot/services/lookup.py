"""Staff ask whether a receipt code is genuine: answered from our own books, never from the pasted text."""

from __future__ import annotations

from bot.dialogue.codes import asked_code
from bot.dialogue.view import FindingView
from storage import payments, people, receipts
from storage.unit import Unit


def finding(unit: Unit, school_id: int, text: str) -> FindingView:
    """What staff may know of a code: see FindingView for the verdicts."""
    code = asked_code(text)
    if code is None:
        return FindingView(code="", verdict="not_a_code")
    receipt = receipts.find(unit, school_id, code)
    if receipt is not None:
        student = people.get_student(unit, receipt.student_id) if receipt.student_id else None
        return FindingView(
            code=code,
            verdict="genuine" if student else "suspense",
            amount_cents=receipt.amount_cents,
            child_name=student.name if student else "",
            admission_number=student.admission_number if student else "",
            paid_at=receipt.paid_at,
            payer=receipt.payer_masked or "",
        )
    claim = payments.find_claim(unit, school_id, code)
    if claim is None:
        unnumbered = receipts.unnumbered(unit, school_id)
        return FindingView(code=code, verdict="unknown" if unnumbered else "not_ours", unnumbered=unnumbered)
    payment = payments.get(unit, claim.payment_id) if claim.payment_id else None
    if payment is None:
        return FindingView(code=code, verdict="claimed")
    student = people.get_student(unit, payment.student_id)
    return FindingView(
        code=code,
        verdict="pending" if receipts.of_payment(unit, payment.id) else "claimed",
        amount_cents=payment.amount_cents,
        child_name=student.name,
        admission_number=student.admission_number,
    )
