"""What a parent can do about each cause: the one list behind every outcome's buttons."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from bot.dialogue.facts import AWAITING, OPEN, blocked, hold_on, will_be_called
from bot.dialogue.keys import key_of
from bot.dialogue.screen import Choice, say
from bot.dialogue.view import PaymentView, View


class Action(StrEnum):
    """A way on; the value is the verb of its choice."""

    AGAIN = "again"
    OTHER_PHONE = "other"
    OTHER_AMOUNT = "amount"
    PAYBILL = "paybill"
    CHECK = "check"
    CODE = "code"
    HELP = "help"


A = Action

_RETRY = (A.AGAIN, A.PAYBILL)
_PHONE = (A.AGAIN, A.OTHER_PHONE, A.PAYBILL)
_ANOTHER_LINE = (A.OTHER_PHONE, A.PAYBILL)
_BY_HAND = (A.PAYBILL, A.HELP)
_FIND_OUT = (A.CODE, A.AGAIN, A.CHECK)

ACTIONS: Mapping[str, tuple[Action, ...]] = MappingProxyType(
    {
        "paid": (),
        "insufficient_funds": (A.AGAIN, A.OTHER_AMOUNT, A.OTHER_PHONE),
        "below_minimum": (A.OTHER_AMOUNT, A.PAYBILL),
        "above_maximum": (A.OTHER_AMOUNT, A.OTHER_PHONE),
        "daily_limit": (A.OTHER_PHONE, A.OTHER_AMOUNT, A.AGAIN),
        "receiver_full": (A.HELP,),
        "account_problem": _ANOTHER_LINE,
        "duplicate_request": (A.CHECK, A.CODE, A.HELP),
        "too_soon": (A.AGAIN, A.OTHER_AMOUNT),
        "operator_fault": _BY_HAND,
        "mpesa_busy": _RETRY,
        "phone_busy": _PHONE,
        "expired": _PHONE,
        "prompt_not_sent": _RETRY,
        "cancelled": (A.AGAIN, A.OTHER_AMOUNT, A.CODE),
        "unreachable": _PHONE,
        "wrong_pin": (A.AGAIN, A.OTHER_PHONE),
        "account_inactive": _BY_HAND,
        "wrong_product": _BY_HAND,
        "not_registered": _ANOTHER_LINE,
        "pin_locked": _ANOTHER_LINE,
        "unknown_operator": _BY_HAND,
        "still_processing": _FIND_OUT,
        "unexplained": (A.CODE, A.CHECK, A.AGAIN, A.HELP),
        "bad_field": _BY_HAND,
        "bad_payload": _BY_HAND,
        "wrong_address": _BY_HAND,
        "token_refused": _BY_HAND,
        "no_such_merchant": _BY_HAND,
        "wrong_credentials": _BY_HAND,
        "subscriber_locked": _PHONE,
        "busy_unclear": _FIND_OUT,
        "spike_arrest": _RETRY,
        "quota": _RETRY,
        "internal_error": _FIND_OUT,
        "never_sent": _RETRY,
        "no_token": _RETRY,
        "answer_lost": _FIND_OUT,
        "bad_request_local": _BY_HAND,
        "refused_other": _BY_HAND,
        "query_undecided": _FIND_OUT,
        "query_no_such_id": (A.CODE, A.AGAIN),
        "unknown": (A.CODE, A.CHECK, A.AGAIN, A.HELP),
        # Causes of our own, for payments that never reached M-PESA.
        "withdrawn": _RETRY,
        "waited_too_long": _RETRY,
        "paid_already": (A.HELP,),
        # The school's M-PESA line was down: while it is, there is no other try (see `actions_for`).
        "line_down": _RETRY,
        # A question that failed says nothing about the payment it asked for.
        "question_failed": _FIND_OUT,
    }
)

#: Causes whose money text says more than the general one.
OWN_MONEY = frozenset({"paid_already", "cancelled", "duplicate_request", "expired", "too_soon"})

#: Causes for which nothing can be paid here as long as the school's M-PESA line is down.
OF_THE_LINE = frozenset({"line_down", "no_token", "token_refused"})

#: Causes that may be said of a payment that is still open; the others wait until they are final.
NOT_FINAL = frozenset(
    {
        "answer_lost",
        "busy_unclear",
        "internal_error",
        "query_no_such_id",
        "query_undecided",
        "still_processing",
        "unexplained",
        "unknown",
    }
)


def cause_of(payment: PaymentView) -> str:
    """The cause by its key in the texts: one of ACTIONS, or "" while nothing that may be said is known."""
    if payment.status in OPEN:
        return _cause_while_open(payment.cause)
    if payment.cause in ACTIONS and (payment.cause != "paid" or payment.status == "paid"):
        return payment.cause
    if payment.status == "cancelled" and not payment.reached_mpesa:
        return "withdrawn"
    return "unknown"


def _cause_while_open(cause: str) -> str:
    if not cause or cause in NOT_FINAL:
        return cause
    return "question_failed" if cause in ACTIONS else "unknown"


def actions_for(payment: PaymentView, view: View) -> tuple[Action, ...]:
    """What may be offered now, the best first; never a new prompt while one may still be out."""
    if payment.status in ("queued", "sending", "paid"):
        return ()
    if payment.status == "reversed":
        return (Action.HELP,)
    cause = cause_of(payment)
    wanted = ACTIONS.get(cause, _FIND_OUT)
    if view.line_down_since and cause in OF_THE_LINE:
        wanted = _while_down(payment, view)
    if payment.status == "expired":
        wanted = (A.CODE, A.AGAIN, A.PAYBILL)
    if blocked(view, payment):
        wanted = (A.CHECK, A.CODE)
    possible = tuple(action for action in wanted if _makes_sense(action, payment))
    return possible or (A.HELP,)


def _while_down(payment: PaymentView, view: View) -> tuple[Action, ...]:
    """Who is called back need not try again; in the sandbox nothing paid by hand reaches the school."""
    if not will_be_called(view, payment):
        return (A.AGAIN, A.HELP)
    return (A.HELP,) if view.school.sandbox else _BY_HAND


def choices_for(payment: PaymentView, view: View) -> tuple[Choice, ...]:
    """The same as buttons that name the payment."""
    if payment.status == "queued":
        leaves_at_once = payment.push_at <= view.now and hold_on(view, payment.phone) is None
        return () if leaves_at_once else (Choice(key_of("withdraw", payment.id), say("choice.withdraw")),)
    return tuple(_choice(action, payment) for action in actions_for(payment, view))


def _choice(action: Action, payment: PaymentView) -> Choice:
    about = None if action is A.HELP else payment.id
    return Choice(key_of(action.value, about), say(f"choice.{action.value}"))


def _makes_sense(action: Action, payment: PaymentView) -> bool:
    if action is A.CHECK:
        return payment.status in AWAITING and payment.has_checkout_id
    if action is A.CODE:
        return payment.claimed_code is None
    claim_decides = payment.claimed_code is not None and payment.status not in ("failed", "cancelled")
    return not (action is A.AGAIN and claim_decides)
