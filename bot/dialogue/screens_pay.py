"""Screens on the way to a payment: child, amount, phone, confirmation, and the reasons to hold it back."""

from __future__ import annotations

from bot.dialogue import facts
from bot.dialogue.amounts import MAX_A_DAY_KES, MAX_KES
from bot.dialogue.keys import key_of
from bot.dialogue.screen import Choice, Say, Screen, say
from bot.dialogue.screens_start import CANCEL_CHOICE, MENU_CHOICE
from bot.dialogue.state import State
from bot.dialogue.view import ChildView, View
from daraja.phone import mask_phone

SET_AMOUNT = Choice("set_amount", say("choice.amount"))
SET_PHONE = Choice("set_phone", say("choice.other"))


def child(_state: State, view: View) -> Screen:
    """Which child."""
    choices = tuple(
        Choice(key_of("child", one.id), say("choice.child", child=one.name, class_name=one.class_name))
        for one in view.children
    )
    return Screen((say("child.ask"),), (*choices, MENU_CHOICE))


def balance_line(one: ChildView) -> Say:
    """Owed, nothing owed, or paid ahead."""
    if one.balance_cents > 0:
        return say("balance.owed", child=one.name, class_name=one.class_name, balance_cents=one.balance_cents)
    if one.balance_cents < 0:
        return say(
            "balance.credit", child=one.name, class_name=one.class_name, credit_cents=-one.balance_cents
        )
    return say("balance.clear", child=one.name, class_name=one.class_name)


def amount(state: State, view: View) -> Screen:
    """The whole balance by one choice, any other amount by typing it."""
    chosen = facts.child_of(view, state.child_id)
    if chosen is None:
        return child(state, view)
    whole = facts.whole_cents(chosen)
    if not whole:
        return Screen((balance_line(chosen), say("amount.ask_ahead")), (MENU_CHOICE,))
    lines = [balance_line(chosen), *_limit_lines(chosen, whole), say("amount.ask")]
    over = chosen.balance_cents > whole
    label = say("choice.most" if over else "choice.whole", amount_cents=whole)
    return Screen(tuple(lines), (Choice("whole", label), MENU_CHOICE))


def _limit_lines(chosen: ChildView, whole: int) -> list[Say]:
    if chosen.balance_cents > MAX_A_DAY_KES * 100:
        return [say("amount.over_days", most_cents=MAX_KES * 100, day_cents=MAX_A_DAY_KES * 100)]
    if chosen.balance_cents > whole:
        return [say("amount.over_limit", most_cents=MAX_KES * 100)]
    if chosen.balance_cents < whole:
        return [say("amount.rounded", amount_cents=whole)]
    return []


def phone(state: State, view: View) -> Screen:
    """Which phone gets the prompt."""
    own = _own_choice(view)
    return Screen((say("phone.ask"),), (*own, SET_PHONE, MENU_CHOICE)) if own else other_phone(state, view)


def other_phone(_state: State, view: View) -> Screen:
    """Another number, typed in any Kenyan form."""
    return Screen((say("phone.type"),), (*_own_choice(view), MENU_CHOICE))


def _own_choice(view: View) -> tuple[Choice, ...]:
    own = facts.own_phone(view)
    return (Choice("own", say("choice.own", phone=mask_phone(own))),) if own else ()


def confirm(state: State, view: View) -> Screen:
    """The one screen with everything on it, before Pay."""
    draft = facts.draft_of(state, view)
    if draft is None:
        return child(state, view)
    lines = [
        say(
            "confirm.ask",
            child=draft.child.name,
            class_name=draft.child.class_name,
            school=view.school.name,
            amount_cents=draft.amount_cents,
            phone=facts.readable(draft.phone, view),
        )
    ]
    if view.school.sandbox:
        lines.append(say("confirm.test"))
    pay = Choice("confirm", say("choice.confirm", amount_cents=draft.amount_cents))
    return Screen(tuple(lines), (pay, SET_AMOUNT, SET_PHONE, CANCEL_CHOICE))


def held(state: State, view: View) -> Screen:
    """Why the prompt cannot leave at once, and what can be done instead."""
    draft = facts.draft_of(state, view)
    if draft is None:
        return child(state, view)
    if hold := facts.hold_on(view, draft.phone):
        wait = facts.seconds_until(hold.until, view.now)
        line = say(
            "held.prompt",
            phone=mask_phone(draft.phone),
            until_time=hold.until.isoformat(),
            wait_s=wait,
        )
        see = (Choice(key_of("open", hold.payment.id), say("choice.open")),) if hold.payment else ()
        return Screen((line,), (SET_PHONE, *see, CANCEL_CHOICE))
    if wait := facts.wait_before(view, draft):
        locked = facts.lock_wait(view, draft.phone) == wait
        line = say("held.same", amount_cents=draft.amount_cents, wait_s=wait)
        if locked:
            line = say("held.locked", phone=mask_phone(draft.phone), wait_s=wait)
        later = Choice("wait", say("choice.wait", wait_s=wait))
        return Screen((line,), (later, SET_AMOUNT, SET_PHONE, CANCEL_CHOICE))
    return confirm(state, view)


def second(state: State, view: View) -> Screen:
    """Another payment for this child is open: pay this one too?"""
    draft = facts.draft_of(state, view)
    other = facts.other_open(view, draft) if draft else None
    if draft is None or other is None:
        return confirm(state, view)
    line = say(
        "second.ask",
        child=draft.child.name,
        open_cents=other.amount_cents,
        phone=mask_phone(other.phone),
        amount_cents=draft.amount_cents,
    )
    mine = other in view.open_payments
    look = (Choice(key_of("open", other.id), say("choice.open")),) if mine else ()
    return Screen((line,), (Choice("yes", say("choice.yes")), *look, CANCEL_CHOICE))
