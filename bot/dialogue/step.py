"""The conversation's one entry: a state, an event and a view give the next state. Pure; starts nothing."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue import facts, paying, starting
from bot.dialogue.actions import COMMAND_VERBS, OTHER_COMMANDS, perform
from bot.dialogue.events import Command, Event, PaymentNews, SharedContact, Tapped, Typed, Unreadable
from bot.dialogue.keys import NOTICE_VERBS, split_key
from bot.dialogue.moves import MOVES
from bot.dialogue.result import Step, stay
from bot.dialogue.screen import say
from bot.dialogue.screens import present
from bot.dialogue.state import At, State
from bot.dialogue.typed import not_understood, typed
from bot.dialogue.view import View
from daraja.phone import BadPhone, parse_phone

__all__ = ["Step", "step"]


def step(state: State, event: Event, view: View) -> Step:
    """What follows from an event. The version grows by exactly one: every screen drawn has its own."""
    now = present(state, view)
    done = _handle(now.state, event, view)
    preface = (now.why, *done.preface) if now.why else done.preface
    return Step(replace(done.state, version=state.version + 1), preface, done.effects)


def _handle(state: State, event: Event, view: View) -> Step:
    match event:
        case Typed():
            return typed(state, view, event.text)
        case Tapped():
            return _tapped(state, view, event)
        case SharedContact():
            return _contact(state, view, event)
        case Command():
            return _command(state, view, event)
        case Unreadable():
            return not_understood(state)
        case PaymentNews():
            return stay(state)


def _tapped(state: State, view: View, event: Tapped) -> Step:
    verb, about = split_key(event.key)
    drawn_here = event.version == state.version and verb in MOVES[state.at]
    if drawn_here or (event.version is None and verb in NOTICE_VERBS):
        return perform(state, view, verb, about)
    return stay(state, say("old_screen"))


def _command(state: State, view: View, event: Command) -> Step:
    if event.name in OTHER_COMMANDS:
        return OTHER_COMMANDS[event.name](state, view, event.argument)
    if event.name in COMMAND_VERBS:
        return perform(state, view, COMMAND_VERBS[event.name])
    return not_understood(state)


def _contact(state: State, view: View, event: SharedContact) -> Step:
    if facts.linked(view) and state.at in (At.PHONE, At.OTHER_PHONE):
        try:
            return paying.with_phone(state, parse_phone(event.phone))
        except BadPhone as bad:
            return stay(state, say(f"phone.bad.{bad.reason}"))
    return starting.contact(state, event, view)
