"""Screens that list: balances, the last payments, the steps of paying by hand."""

from __future__ import annotations

from bot.dialogue import facts
from bot.dialogue.keys import key_of
from bot.dialogue.screen import Choice, Say, Screen, say
from bot.dialogue.screens_pay import balance_line
from bot.dialogue.screens_start import MENU_CHOICE
from bot.dialogue.state import State
from bot.dialogue.view import ChildView, PaymentView, View

_STATUS_WORDS = {
    "queued": "status.queued",
    "sending": "status.waiting",
    "requested": "status.waiting",
    "uncertain": "status.waiting",
    "paid": "status.paid",
    "failed": "status.failed",
    "cancelled": "status.cancelled",
    "expired": "status.expired",
    "reversed": "status.reversed",
}


def balances(_state: State, view: View) -> Screen:
    """What is owed for each child, now."""
    if not view.children:
        return Screen((say("children.none", contact=view.school.contact),), (MENU_CHOICE,))
    lines = [balance_line(child) for child in view.children]
    owed = sum(max(child.balance_cents, 0) for child in view.children)
    if len(view.children) > 1 and owed:
        lines.append(say("balance.total", balance_cents=owed))
    return Screen(tuple(lines), (Choice("pay", say("choice.pay")), MENU_CHOICE))


def payments(_state: State, view: View) -> Screen:
    """The last five, any of them to open."""
    if not view.recent_payments:
        return Screen((say("payments.none"),), (Choice("pay", say("choice.pay")), MENU_CHOICE))
    shown = view.recent_payments[:5]
    rows = tuple(_payment_row(number, payment, view) for number, payment in enumerate(shown, 1))
    choices = tuple(_payment_choice(payment) for payment in shown)
    return Screen((say("payments.ask"), *rows), (*choices, MENU_CHOICE))


def _payment_row(number: int, payment: PaymentView, view: View) -> Say:
    return say(
        "payments.row",
        number=number,
        made_at=payment.created_at.isoformat(),
        child=facts.name_on(view, payment),
        amount_cents=payment.amount_cents,
        status_key=_status(payment),
    )


def _payment_choice(payment: PaymentView) -> Choice:
    label = say("choice.payment", amount_cents=payment.amount_cents, status_key=_status(payment))
    return Choice(key_of("open", payment.id), label)


def _status(payment: PaymentView) -> str:
    return _STATUS_WORDS.get(payment.status, "status.waiting")


def paybill(state: State, view: View) -> Screen:
    """How to pay by hand: the school's number and the child's account; what happens then."""
    if view.school.sandbox:
        return Screen((say("paybill.test"),), (MENU_CHOICE,))
    chosen = facts.child_of(view, state.child_id)
    children = (chosen,) if chosen else view.children
    if not children:
        return Screen((say("children.none", contact=view.school.contact),), (MENU_CHOICE,))
    till = view.school.is_till
    steps = say("paybill.till" if till else "paybill.steps", number=view.school.pay_number)
    return Screen(
        (steps, *(_account(child, till) for child in children), say("paybill.after")), (MENU_CHOICE,)
    )


def _account(child: ChildView, till: bool) -> Say:
    if till:
        return say("paybill.till_child", child=child.name, admission=child.admission_number)
    return say("paybill.account", child=child.name, account=child.admission_number)
