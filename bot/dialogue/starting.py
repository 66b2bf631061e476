"""Getting in and getting around: language, privacy, contact, invites, menu, help, cancel."""

from __future__ import annotations

from bot.dialogue import facts
from bot.dialogue.effects import Link, SetLanguage, UseInvite, Withdraw
from bot.dialogue.events import SharedContact
from bot.dialogue.result import Step, stay
from bot.dialogue.screen import Say, say
from bot.dialogue.screens import BEFORE_CONTACT, PAYING
from bot.dialogue.state import At, State
from bot.dialogue.view import View

_INVITES = {"good": "invite.good", "used": "invite.used", "expired": "invite.expired"}


def door(state: State, view: View) -> State:
    """Where somebody waits who has not shared a contact yet."""
    if view.language is None:
        return state.cleared(At.LANGUAGE)
    return state.cleared(At.PRIVACY if state.at in (At.LANGUAGE, At.PRIVACY) else At.CONTACT)


def home(state: State, view: View) -> State:
    """The menu, for whoever has one."""
    if view.language is not None and (facts.linked(view) or view.role):
        return state.cleared()
    return door(state, view)


def choose_language(state: State, view: View, language: str) -> Step:
    """English or Kiswahili, the first time or later."""
    known = facts.linked(view) or view.role
    return Step(state.cleared(At.MENU if known else At.PRIVACY), effects=(SetLanguage(language),))


def agree(state: State, _view: View, _about: int | None) -> Step:
    """The privacy notice was read."""
    return stay(state.cleared(At.CONTACT))


def ask_language(state: State, _view: View, _about: int | None) -> Step:
    """Change the language."""
    return stay(state.cleared(At.LANGUAGE))


def menu(state: State, view: View, _about: int | None) -> Step:
    """Back to the menu."""
    return stay(home(state, view))


def balances(state: State, _view: View, _about: int | None) -> Step:
    """What is owed."""
    return stay(state.cleared(At.BALANCES))


def payments(state: State, _view: View, _about: int | None) -> Step:
    """The last payments."""
    return stay(state.cleared(At.PAYMENTS))


def help_(state: State, view: View, _about: int | None) -> Step:
    """Help with this very step in the middle of something, the help page elsewhere."""
    if state.at in PAYING | {At.LANGUAGE, At.PRIVACY, At.CONTACT, At.REMIND}:
        return stay(state, step_help(state), contact_line(view))
    return stay(state.cleared(At.HELP))


def step_help(state: State) -> Say:
    """What can be done at this step."""
    return say(f"help.at.{state.at.value}")


def contact_line(view: View) -> Say:
    """Whom to ask."""
    return say("help.contact", school=view.school.name, contact=view.school.contact)


def cancel(state: State, view: View, _about: int | None) -> Step:
    """Stops what is being chosen or not yet sent; a prompt that is out can only be refused on the phone."""
    here = facts.payment_of(view, state.payment_id) if state.at is At.PAYMENT else None
    if here is not None and here.status == "queued":
        return Step(state, effects=(Withdraw(here.id),))
    if here is not None and here.status in facts.AWAITING:
        return stay(state, say("cancel.prompt_out"))
    if state.at in PAYING or state.at is At.REMIND:
        return stay(home(state, view), say("cancel.done"))
    waiting = next((payment for payment in view.open_payments if payment.status in facts.OPEN), None)
    if waiting is None:
        return stay(home(state, view), say("cancel.nothing"))
    about_it = say("cancel.prompt_out") if waiting.status in facts.AWAITING else say("cancel.queued")
    return stay(state.cleared(At.PAYMENT).to(At.PAYMENT, payment_id=waiting.id), about_it)


def begin(state: State, view: View, argument: str) -> Step:
    """/start, alone or with a staff link's code."""
    if argument and view.invite is not None:
        used = say(_INVITES.get(view.invite, "invite.unknown"), contact=view.school.contact)
        effects = (UseInvite(argument),) if view.invite == "good" else ()
        known = view.language is not None and (view.invite == "good" or facts.linked(view) or view.role)
        return Step(state.cleared() if known else door(state, view), (used,), effects)
    if view.language is None:
        return stay(state.cleared(At.LANGUAGE))
    if facts.linked(view):
        return stay(state.cleared(), say("start.hello", name=view.guardian_name or ""))
    return stay(state.cleared() if view.role else state.cleared(At.PRIVACY))


def contact(state: State, event: SharedContact, view: View) -> Step:
    """The sender's own number opens the door; somebody else's only ever names a phone for a prompt."""
    if not facts.linked(view) and (view.language is None or state.at in (At.LANGUAGE, At.PRIVACY)):
        return stay(door(state, view), say("contact.later"))
    if not event.own:
        return stay(_still(state, view), say("contact.not_own"))
    if view.matched_guardian_id is None:
        return stay(
            _still(state, view), say("contact.no_match", school=view.school.name, contact=view.school.contact)
        )
    return Step(state.cleared(), (say("contact.linked"),), (Link(view.matched_guardian_id),))


def _still(state: State, view: View) -> State:
    return state if facts.linked(view) else state.cleared(At.CONTACT)


def refuse(state: State, view: View) -> Step:
    """Something for guardians only was asked before a contact was shared."""
    if state.at is At.PRIVACY:
        return stay(door(state, view), step_help(state))
    line = () if state.at in BEFORE_CONTACT - {At.CONTACT} else (say("contact.first"),)
    return Step(door(state, view), line)
