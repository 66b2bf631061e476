"""What the bot says unasked: news of a payment, and reminders."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue import facts
from bot.dialogue.events import PaymentNews
from bot.dialogue.keys import key_of
from bot.dialogue.outcomes import choices_for
from bot.dialogue.screen import Choice, Say, Screen, say
from bot.dialogue.screens import present, show
from bot.dialogue.screens_payment import outcome_lines
from bot.dialogue.screens_start import MENU_CHOICE
from bot.dialogue.state import At, State
from bot.dialogue.view import ChildView, View

#: What is said before the payment itself. "" where the payment's own lines say it all.
_PREFACES = {
    "accepted": "",
    "answer_lost": "",
    "refused": "",
    "paid": "",
    "failed": "",
    "cancelled": "",
    "expired": "",
    "withdrawn": "",
    "held": "",
    "put_off": "news.put_off",
    "still_unknown": "",
    "unclear": "",
    "checked": "check.nothing_new",
    "check_failed": "check.no_answer",
    "reversed": "",
    "paid_late": "news.paid_late",
    "failed_late": "news.settled_late",
    "cancelled_late": "news.settled_late",
    "corrected_to_paid": "news.corrected",
    "receipt_number": "news.receipt_number",
    "amount_corrected": "news.amount_corrected",
}


def news(state: State, view: View, event: PaymentNews) -> tuple[State, Screen] | None:
    """The state and the screen after news of a payment; None when there is nothing to tell.

    Where the parent looks at that payment, its screen is drawn anew with the next version; elsewhere a notice
    is added and the conversation stays where it is.
    """
    if event.event not in _PREFACES or facts.payment_of(view, event.payment_id) is None:
        return None
    here = present(state, view).state
    if here.at is At.PAYMENT and here.payment_id == event.payment_id:
        drawn = replace(here, version=state.version + 1)
        return drawn, show(drawn, view, _preface(event))
    told = notice(view, event)
    return (state, told) if told else None


def notice(view: View, event: PaymentNews) -> Screen | None:
    """News for a parent who is elsewhere; its buttons name the payment and are resolved afresh later."""
    known = facts.payment_of(view, event.payment_id)
    if known is None or event.event not in _PREFACES:
        return None
    lines = (*_preface(event), *outcome_lines(known, view))
    choices = choices_for(known, view) if facts.linked(view) else ()
    return Screen(lines, choices or (MENU_CHOICE,), notice=True)


def reminder(view: View, child: ChildView) -> Screen:
    """A reminder of one child's balance, with Pay now."""
    owed = say(
        "reminder.owed",
        school=view.school.name,
        child=child.name,
        class_name=child.class_name,
        balance_cents=child.balance_cents,
    )
    pay_now = Choice(key_of("payfor", child.id), say("choice.pay_now"))
    return Screen((owed,), (pay_now,), notice=True)


def _preface(event: PaymentNews) -> tuple[Say, ...]:
    key = _PREFACES[event.event]
    return (say(key),) if key else ()
