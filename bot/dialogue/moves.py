"""The conversation as data: at each step, what may be chosen and where it leads.

`step` takes no tap that is not in this table, the diagram is drawn from it, and tests hold the code to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.dialogue.state import At

Moves = Mapping[str, tuple[At, ...]]

_PAY_START = (At.CHILD, At.AMOUNT, At.MENU)
_AFTER_PAY = (At.PAYMENT, At.HELD, At.SECOND)
_AFTER_PHONE = (At.CONFIRM,)
_MENU: Moves = {"menu": (At.MENU,)}
_PAYMENT: Moves = {
    "open": (At.PAYMENT,),
    "check": (At.PAYMENT,),
    "code": (At.PAYMENT,),
    "withdraw": (At.PAYMENT,),
    "again": (At.CONFIRM, At.AMOUNT, At.PAYMENT),
    "other": (At.OTHER_PHONE, At.AMOUNT, At.PAYMENT),
    "amount": (At.AMOUNT, At.PAYMENT),
    "paybill": (At.PAYBILL,),
}

MOVES: Mapping[At, Moves] = MappingProxyType(
    {
        At.LANGUAGE: {"en": (At.PRIVACY, At.MENU), "sw": (At.PRIVACY, At.MENU), **_MENU},
        At.PRIVACY: {"agree": (At.CONTACT,), "language": (At.LANGUAGE,)},
        At.CONTACT: {},
        At.MENU: {
            "pay": _PAY_START,
            "balances": (At.BALANCES,),
            "payments": (At.PAYMENTS,),
            "language": (At.LANGUAGE,),
            "help": (At.HELP,),
            "open": (At.PAYMENT,),
        },
        At.CHILD: {"child": (At.AMOUNT,), **_MENU},
        At.AMOUNT: {"whole": (At.PHONE, At.OTHER_PHONE, At.CONFIRM), **_MENU},
        At.PHONE: {"own": _AFTER_PHONE, "set_phone": (At.OTHER_PHONE,), **_MENU},
        At.OTHER_PHONE: {"own": _AFTER_PHONE, **_MENU},
        At.CONFIRM: {
            "confirm": _AFTER_PAY,
            "set_amount": (At.AMOUNT,),
            "set_phone": (At.OTHER_PHONE,),
            "cancel": (At.MENU,),
        },
        At.HELD: {
            "wait": (At.PAYMENT, At.HELD),
            "confirm": _AFTER_PAY,
            "set_amount": (At.AMOUNT,),
            "set_phone": (At.OTHER_PHONE,),
            "open": (At.PAYMENT,),
            "cancel": (At.MENU,),
        },
        At.SECOND: {
            "yes": (At.PAYMENT, At.HELD),
            "confirm": _AFTER_PAY,
            "set_amount": (At.AMOUNT,),
            "set_phone": (At.OTHER_PHONE,),
            "open": (At.PAYMENT,),
            "cancel": (At.MENU,),
        },
        At.PAYMENT: {**_PAYMENT, "help": (At.HELP,), **_MENU},
        At.BALANCES: {"pay": _PAY_START, **_MENU},
        At.PAYMENTS: {"open": (At.PAYMENT,), "pay": _PAY_START, **_MENU},
        At.PAYBILL: {**_MENU},
        At.HELP: {"paybill": (At.PAYBILL,), **_MENU},
        At.REMIND: {"send": (At.MENU,), "cancel": (At.MENU,), **_MENU},
    }
)

#: What typing leads to besides the choices: an amount, a phone, a code, a shared contact.
TYPED: Mapping[At, Moves] = MappingProxyType(
    {
        At.CONTACT: {"own contact": (At.MENU,)},
        At.AMOUNT: {"an amount": (At.PHONE, At.CONFIRM)},
        At.PHONE: {"a number": (At.CONFIRM,), "another amount": (At.PHONE, At.CONFIRM)},
        At.OTHER_PHONE: {"a number": (At.CONFIRM,), "another amount": (At.PHONE, At.OTHER_PHONE, At.CONFIRM)},
        At.CONFIRM: {"an amount or a number": (At.CONFIRM,)},
        At.HELD: {"an amount or a number": (At.CONFIRM,)},
    }
)

#: What slash commands and the words for them lead to from anywhere (`cancel`: see the step's own rows).
ANYWHERE: Moves = MappingProxyType(
    {
        "pay": _PAY_START,
        "balance": (At.BALANCES,),
        "payments": (At.PAYMENTS,),
        "language": (At.LANGUAGE,),
        "help": (At.HELP,),
        "menu": (At.MENU,),
        "remind": (At.REMIND,),
    }
)
