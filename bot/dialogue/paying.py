"""From a child to a prompt: the choices of paying, and the three checks before anything is sent."""

from __future__ import annotations

from bot.dialogue import facts
from bot.dialogue.effects import StartPayment
from bot.dialogue.result import Step, stay
from bot.dialogue.screen import say
from bot.dialogue.state import At, State
from bot.dialogue.view import View


def start(state: State, view: View, _about: int | None) -> Step:
    """Pay fees: straight to the amount with one child."""
    if not view.children:
        return stay(state.cleared(), say("children.none", contact=view.school.contact))
    if len(view.children) == 1:
        return stay(state.cleared(At.AMOUNT).to(At.AMOUNT, child_id=view.children[0].id))
    return stay(state.cleared(At.CHILD))


def choose_child(state: State, view: View, about: int | None) -> Step:
    """The child to pay for."""
    if facts.child_of(view, about) is None:
        return stay(state.cleared(At.CHILD), say("children.gone"))
    return stay(state.to(At.AMOUNT, child_id=about, amount_cents=None))


def whole(state: State, view: View, _about: int | None) -> Step:
    """The whole balance, or as much of it as one payment takes."""
    child = facts.child_of(view, state.child_id)
    cents = facts.whole_cents(child) if child else 0
    return with_amount(state, view, cents) if cents else stay(state.to(At.AMOUNT))


def with_amount(state: State, view: View, cents: int) -> Step:
    """An amount was chosen: on to the phone, or back to the confirmation that it changes."""
    if facts.valid_phone(state.phone):
        return stay(state.to(At.CONFIRM, amount_cents=cents))
    at = At.PHONE if facts.own_phone(view) else At.OTHER_PHONE
    return stay(state.to(at, amount_cents=cents))


def own(state: State, view: View, _about: int | None) -> Step:
    """The guardian's own phone."""
    return with_phone(state, facts.own_phone(view))


def with_phone(state: State, phone: str | None) -> Step:
    """A phone was chosen. phone: 254 and 9 digits, or None to ask again."""
    return stay(state.to(At.CONFIRM if phone else At.OTHER_PHONE, phone=phone, second_allowed=False))


def set_amount(state: State, _view: View, _about: int | None) -> Step:
    """Change the amount."""
    return stay(state.to(At.AMOUNT, second_allowed=False))


def set_phone(state: State, _view: View, _about: int | None) -> Step:
    """Another phone."""
    return stay(state.to(At.OTHER_PHONE))


def pay(state: State, view: View, _about: int | None) -> Step:
    """Pay: one prompt a phone, two payments a child only if allowed, one amount not twice in 2 minutes."""
    draft = facts.draft_of(state, view)
    if draft is None:
        return stay(state.to(At.CHILD))
    if facts.hold_on(view, draft.phone):
        return stay(state.to(At.HELD))
    if not state.second_allowed and facts.other_open(view, draft):
        return stay(state.to(At.SECOND))
    if facts.wait_before(view, draft):
        return stay(state.to(At.HELD))
    return _send(state, view, draft, 0)


def pay_second(state: State, view: View, _about: int | None) -> Step:
    """Yes, this one too, although another is open."""
    return pay(state.to(At.CONFIRM, second_allowed=True), view, None)


def pay_later(state: State, view: View, _about: int | None) -> Step:
    """Send it by itself as soon as M-PESA takes this amount again."""
    draft = facts.draft_of(state, view)
    if draft is None:
        return stay(state.to(At.CHILD))
    if facts.hold_on(view, draft.phone):
        return stay(state.to(At.HELD))
    return _send(state, view, draft, facts.wait_before(view, draft))


def _send(state: State, view: View, draft: facts.Draft, wait_s: int) -> Step:
    effect = StartPayment(
        intent_id=f"{view.chat_ref}:{state.version}",
        child_id=draft.child.id,
        amount_cents=draft.amount_cents,
        phone=draft.phone,
        wait_s=wait_s,
    )
    return Step(state.cleared(At.PAYMENT), effects=(effect,))


def pay_for(state: State, view: View, about: int | None) -> Step:
    """A reminder's Pay now: straight to the confirmation, with today's balance."""
    child = facts.child_of(view, about)
    if child is None:
        return stay(state, say("children.gone"))
    fresh = state.cleared(At.AMOUNT).to(At.AMOUNT, child_id=child.id)
    cents = facts.whole_cents(child)
    if not cents:
        return stay(fresh, say("reminder.settled"))
    own_phone = facts.own_phone(view)
    at = At.CONFIRM if own_phone else At.OTHER_PHONE
    return stay(fresh.to(at, amount_cents=cents, phone=own_phone))
