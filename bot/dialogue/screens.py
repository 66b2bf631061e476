"""The present screen of a conversation, drawn from its state and what is true now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from bot.dialogue import facts, screens_lists, screens_pay, screens_payment, screens_staff, screens_start
from bot.dialogue.screen import Say, Screen, say
from bot.dialogue.state import At, State
from bot.dialogue.view import View

Draw = Callable[[State, View], Screen]

SCREENS: Mapping[At, Draw] = MappingProxyType(
    {
        At.LANGUAGE: screens_start.language,
        At.PRIVACY: screens_start.privacy,
        At.CONTACT: screens_start.contact,
        At.MENU: screens_start.menu,
        At.CHILD: screens_pay.child,
        At.AMOUNT: screens_pay.amount,
        At.PHONE: screens_pay.phone,
        At.OTHER_PHONE: screens_pay.other_phone,
        At.CONFIRM: screens_pay.confirm,
        At.HELD: screens_pay.held,
        At.SECOND: screens_pay.second,
        At.PAYMENT: screens_payment.payment,
        At.BALANCES: screens_lists.balances,
        At.PAYMENTS: screens_lists.payments,
        At.PAYBILL: screens_lists.paybill,
        At.HELP: screens_start.help_page,
        At.REMIND: screens_staff.remind,
    }
)

#: Steps where a payment is being put together.
PAYING = frozenset({At.CHILD, At.AMOUNT, At.PHONE, At.OTHER_PHONE, At.CONFIRM, At.HELD, At.SECOND})
#: Steps open to somebody who has not shared a contact.
BEFORE_CONTACT = frozenset({At.LANGUAGE, At.PRIVACY, At.CONTACT, At.HELP})

_READY = frozenset({At.CONFIRM, At.HELD, At.SECOND})


@dataclass(frozen=True, slots=True)
class Present:
    """The state that can be shown now, and why it is another than the one remembered."""

    state: State
    why: Say | None = None


def show(state: State, view: View, preface: Iterable[Say] = ()) -> Screen:
    """The present screen, `preface` first. A state overtaken by events is shown as the nearest that holds."""
    now = present(state, view)
    screen = SCREENS[now.state.at](now.state, view)
    why = (now.why,) if now.why else ()
    return replace(screen, lines=(*preface, *why, *screen.lines))


def present(state: State, view: View) -> Present:
    """The nearest state that still holds: a lost link, a child gone, an amount or a phone missing."""
    if view.language is None and state.at is not At.LANGUAGE:
        return Present(state.cleared(At.LANGUAGE))
    if not facts.linked(view):
        return Present(_unlinked(state, view))
    if state.at in (At.PRIVACY, At.CONTACT) or (state.at is At.REMIND and view.role != "admin"):
        return Present(state.cleared())
    return _paying(state, view) if state.at in PAYING else Present(state)


def _unlinked(state: State, view: View) -> State:
    staff_may = (view.role and state.at is At.MENU) or (view.role == "admin" and state.at is At.REMIND)
    return state if staff_may or state.at in BEFORE_CONTACT else state.cleared(At.CONTACT)


def _paying(state: State, view: View) -> Present:
    if not view.children:
        return Present(state.cleared(), say("children.none", contact=view.school.contact))
    if state.at is At.CHILD:
        return Present(state)
    if facts.child_of(view, state.child_id) is None:
        return Present(state.cleared(At.CHILD), say("children.gone"))
    if state.at is At.AMOUNT:
        return Present(state)
    if not facts.valid_amount(state.amount_cents):
        return Present(state.to(At.AMOUNT, amount_cents=None))
    lost_phone = state.at in _READY and facts.draft_of(state, view) is None
    if lost_phone or (state.at is At.PHONE and facts.own_phone(view) is None):
        return Present(state.to(At.OTHER_PHONE, phone=None))
    return Present(state)
