"""The table of verbs: what each choice, slash command or word does, whoever said it and wherever."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bot.dialogue import desk, facts, one_payment, paying, starting
from bot.dialogue.result import Step
from bot.dialogue.state import State
from bot.dialogue.view import View

Act = Callable[[State, View, int | None], Step]


def _language(code: str) -> Act:
    return lambda state, view, _about: starting.choose_language(state, view, code)


ACTIONS: Mapping[str, Act] = MappingProxyType(
    {
        "en": _language("en"),
        "sw": _language("sw"),
        "agree": starting.agree,
        "language": starting.ask_language,
        "menu": starting.menu,
        "help": starting.help_,
        "cancel": starting.cancel,
        "balances": starting.balances,
        "payments": starting.payments,
        "pay": paying.start,
        "child": paying.choose_child,
        "whole": paying.whole,
        "own": paying.own,
        "set_amount": paying.set_amount,
        "set_phone": paying.set_phone,
        "confirm": paying.pay,
        "wait": paying.pay_later,
        "yes": paying.pay_second,
        "payfor": paying.pay_for,
        "open": one_payment.open_,
        "check": one_payment.check,
        "code": one_payment.ask_code,
        "withdraw": one_payment.withdraw,
        "again": one_payment.again,
        "other": one_payment.other_phone,
        "amount": one_payment.other_amount,
        "paybill": one_payment.paybill,
        "send": desk.send,
    }
)

#: What may be done before a contact is shared. `send` judges the role by itself.
_FREE = frozenset({"en", "sw", "agree", "language", "help", "menu", "send"})

COMMAND_VERBS: Mapping[str, str] = MappingProxyType(
    {
        "pay": "pay",
        "balance": "balances",
        "payments": "payments",
        "language": "language",
        "help": "help",
        "cancel": "cancel",
        "menu": "menu",
    }
)

OTHER_COMMANDS: Mapping[str, Callable[[State, View, str], Step]] = MappingProxyType(
    {
        "receipt": desk.receipt,
        "attention": desk.attention,
        "remind": desk.remind,
        "doctor": desk.doctor,
        "start": starting.begin,
    }
)


def perform(state: State, view: View, verb: str, about: int | None = None) -> Step:
    """Does what a verb of ACTIONS says. Raises KeyError for any other."""
    act = ACTIONS[verb]
    may = facts.linked(view) or verb in _FREE or (verb == "cancel" and view.role)
    return act(state, view, about) if may else starting.refuse(state, view)
