"""What a person wrote: a choice, a word that is good anywhere, an M-PESA code, or what this step asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bot.dialogue import facts, one_payment, paying
from bot.dialogue.actions import perform
from bot.dialogue.amounts import MAX_KES, BadAmount, read_amount
from bot.dialogue.codes import find_code
from bot.dialogue.keys import split_key
from bot.dialogue.outcomes import choices_for
from bot.dialogue.reading import global_word, number_of, pick, pick_beginning, pick_words
from bot.dialogue.result import Step, stay
from bot.dialogue.screen import Choice, Say, say
from bot.dialogue.screens import show
from bot.dialogue.starting import step_help
from bot.dialogue.state import At, State
from bot.dialogue.view import View
from daraja.phone import BadPhone, parse_phone

Parse = Callable[[State, View, str], Step | None]


def typed(state: State, view: View, text: str) -> Step:
    """The choice meant, or what the step reads out of the text, or help that fits the step."""
    choices = show(state, view).choices
    for chosen in (pick(text, choices), global_word(text), pick_words(text, _last_choices(view))):
        if chosen is not None:
            return _chosen(state, view, chosen, text)
    if facts.linked(view) and (code := find_code(text)):
        return one_payment.claim(state, view, code)
    parsed = _parse(state, view, text)
    if parsed is not None:
        return parsed
    begun = pick_beginning(text, choices)
    return _chosen(state, view, begun, text) if begun else stay(state, *_misread(state, text))


def not_understood(state: State) -> Step:
    """A sticker, a voice note, a command that nobody knows."""
    return stay(state, say("misread"), step_help(state))


def _chosen(state: State, view: View, key: str, text: str) -> Step:
    verb, about = split_key(key)
    done = perform(state, view, verb, about)
    number = number_of(text)
    if state.at is not At.AMOUNT or verb != "whole" or number is None:
        return done
    return Step(done.state, (say("amount.took_choice", number=number), *done.preface), done.effects)


def _last_choices(view: View) -> tuple[Choice, ...]:
    """The newest payment's choices, whose notice may stand right above: their words are good anywhere."""
    return choices_for(view.recent_payments[0], view) if facts.linked(view) and view.recent_payments else ()


def _amount(state: State, view: View, text: str) -> Step | None:
    try:
        return paying.with_amount(state, view, read_amount(text) * 100)
    except BadAmount:
        return None


def _phone(state: State, _view: View, text: str) -> Step | None:
    try:
        return paying.with_phone(state, parse_phone(text))
    except BadPhone:
        return None


def _phone_or_named_amount(state: State, view: View, text: str) -> Step | None:
    """A phone; or an amount that cannot be one, since it names its money: `KES 1500`, `1500/=`, `2k`."""
    if found := _phone(state, view, text):
        return found
    named = any(letter.isalpha() or letter in "/=" for letter in text)
    changed = _amount(state, view, text) if named else None
    if changed is None or changed.state.amount_cents is None:
        return None
    return Step(changed.state, (say("amount.now", amount_cents=changed.state.amount_cents),))


def _phone_or_amount(state: State, view: View, text: str) -> Step | None:
    found = _phone(state, view, text) or _amount(state.to(state.at, second_allowed=False), view, text)
    return Step(found.state, (say("confirm.changed"),)) if found else None


_PARSERS: Mapping[At, Parse] = MappingProxyType(
    {
        At.AMOUNT: _amount,
        At.PHONE: _phone_or_named_amount,
        At.OTHER_PHONE: _phone_or_named_amount,
        At.CONFIRM: _phone_or_amount,
        At.HELD: _phone_or_amount,
    }
)


def _parse(state: State, view: View, text: str) -> Step | None:
    parser = _PARSERS.get(state.at)
    return parser(state, view, text) if parser else None


def _misread(state: State, text: str) -> tuple[Say, ...]:
    reason: Say | None = None
    digits = sum(letter.isdigit() for letter in text)
    if state.at is At.AMOUNT:
        reason = _amount_reason(text)
    elif state.at is At.OTHER_PHONE or (state.at is At.PHONE and digits >= 5):
        reason = _phone_reason(text)
    return (reason,) if reason else (say("misread"), step_help(state))


def _amount_reason(text: str) -> Say | None:
    try:
        read_amount(text)
    except BadAmount as bad:
        return say(f"amount.bad.{bad.reason}", most_cents=MAX_KES * 100)
    return None


def _phone_reason(text: str) -> Say | None:
    try:
        parse_phone(text)
    except BadPhone as bad:
        return say(f"phone.bad.{bad.reason}")
    return None
