"""What can be done about one payment, from its screen or, at any later time, from a notice."""

from __future__ import annotations

from bot.dialogue import facts
from bot.dialogue.effects import CheckNow, ClaimCode, Withdraw
from bot.dialogue.result import Step, stay
from bot.dialogue.screen import say
from bot.dialogue.state import At, State
from bot.dialogue.view import PaymentView, View


def open_(state: State, view: View, about: int | None) -> Step:
    """Show it."""
    if facts.payment_of(view, about) is None:
        return stay(state, say("payment.gone"))
    return stay(_at(state, about))


def check(state: State, view: View, about: int | None) -> Step:
    """Ask M-PESA now."""
    known = facts.payment_of(view, about)
    if known is None:
        return stay(state, say("payment.gone"))
    if known.status not in facts.AWAITING or not known.has_checkout_id:
        return stay(_at(state, about))
    return Step(_at(state, about), (say("check.asked"),), (CheckNow(known.id),))


def ask_code(state: State, view: View, about: int | None) -> Step:
    """The parent has an M-PESA SMS."""
    known = facts.payment_of(view, about)
    if known is None or known.status == "paid":
        return open_(state, view, about)
    return stay(_at(state, about), say("code.ask"))


def withdraw(state: State, view: View, about: int | None) -> Step:
    """Take back a prompt that has not left yet."""
    known = facts.payment_of(view, about)
    if known is None:
        return stay(state, say("payment.gone"))
    if known.status != "queued":
        late = (say("cancel.prompt_out"),) if known.status in facts.AWAITING else ()
        return Step(_at(state, about), late)
    return Step(_at(state, about), effects=(Withdraw(known.id),))


def again(state: State, view: View, about: int | None) -> Step:
    """The same payment once more: into the confirmation, never straight to a prompt."""
    return _once_more(state, view, about, At.CONFIRM)


def other_phone(state: State, view: View, about: int | None) -> Step:
    """The same payment from another phone."""
    return _once_more(state, view, about, At.OTHER_PHONE)


def other_amount(state: State, view: View, about: int | None) -> Step:
    """Another amount for the same child from the same phone."""
    return _once_more(state, view, about, At.AMOUNT)


def paybill(state: State, view: View, about: int | None) -> Step:
    """How to pay by hand; for one child when a payment is named."""
    known = facts.payment_of(view, about)
    return stay(state.cleared(At.PAYBILL).to(At.PAYBILL, child_id=known.child_id if known else None))


def claim(state: State, view: View, code: str) -> Step:
    """A code was typed or pasted: for the office to confirm, unless it is known already."""
    for known in (view.payment, *view.recent_payments, *view.open_payments):
        if known is not None and code == known.receipt_number:
            return stay(_at(state, known.id), say("code.known", code=code))
        if known is not None and code == known.claimed_code:
            return stay(_at(state, known.id), say("code.again", code=code))
    claimed = facts.payment_of(view, _claimed_payment(state, view))
    taken = say("code.taken", code=code, contact=view.school.contact)
    if claimed is not None and claimed.status == "paid":
        taken = say("code.taken_paid", code=code)
    return Step(state, (taken,), (ClaimCode(code, claimed.id if claimed else None),))


def _claimed_payment(state: State, view: View) -> int | None:
    here = facts.payment_of(view, state.payment_id) if state.at is At.PAYMENT else None
    if here is not None:
        return here.id if _may_lack_a_number(here) else None
    unresolved = {p.id for p in (*view.open_payments, *view.recent_payments) if _unresolved(p)}
    return unresolved.pop() if len(unresolved) == 1 and state.at is not At.PAYBILL else None


def _may_lack_a_number(payment: PaymentView) -> bool:
    return payment.status != "queued" and payment.receipt_number is None


def _unresolved(payment: PaymentView) -> bool:
    return payment.status in facts.AWAITING or payment.status == "expired"


def _once_more(state: State, view: View, about: int | None, at: At) -> Step:
    known = facts.payment_of(view, about)
    if known is None:
        return stay(state, say("payment.gone"))
    if known.status == "paid":
        return stay(_at(state, about), say("payment.paid_already"))
    if at is not At.OTHER_PHONE and facts.blocked(view, known):
        return stay(_at(state, about), say("payment.still_blocked"))
    if known.status == "queued":
        return stay(_at(state, about))
    if facts.child_of(view, known.child_id) is None:
        return stay(state, say("children.gone"))
    amount = known.amount_cents if facts.valid_amount(known.amount_cents) else None
    chosen = state.cleared().to(at, child_id=known.child_id, amount_cents=amount)
    phone = None if at is At.OTHER_PHONE else facts.valid_phone(known.phone)
    return stay(chosen.to(at if amount else At.AMOUNT, phone=phone))


def _at(state: State, payment_id: int | None) -> State:
    return state.cleared(At.PAYMENT).to(At.PAYMENT, payment_id=payment_id)
