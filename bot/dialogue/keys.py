"""The keys of choices: a verb, or a verb and what it is about (`again:17`)."""

from __future__ import annotations

from bot.dialogue.events import Event, PaymentNews, Tapped
from bot.dialogue.state import State

#: Verbs about one payment, by its id.
PAYMENT_VERBS = frozenset({"open", "check", "again", "other", "amount", "code", "paybill", "withdraw"})
#: What buttons of a notice may do; they carry no version and stay good.
NOTICE_VERBS = PAYMENT_VERBS | {"menu", "help", "payfor"}


def key_of(verb: str, about: int | None = None) -> str:
    """The key of a choice."""
    return verb if about is None else f"{verb}:{about}"


def split_key(key: str) -> tuple[str, int | None]:
    """Verb and id; a malformed id makes it a verb that nobody knows."""
    verb, colon, about = key.partition(":")
    if not colon:
        return verb, None
    if about.isascii() and about.isdigit() and len(about) <= 18:
        return verb, int(about)
    return "", None


def named_payment(state: State, event: Event) -> int | None:
    """The payment that an event, or else the state, is about: load it as `View.payment`."""
    if isinstance(event, PaymentNews):
        return event.payment_id
    if isinstance(event, Tapped):
        verb, about = split_key(event.key)
        if verb in PAYMENT_VERBS and about is not None:
            return about
    return state.payment_id
