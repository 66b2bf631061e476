"""Where a conversation stands: a step and the little that was chosen on the way."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class At(StrEnum):
    """The steps, in the order in which a parent meets them."""

    LANGUAGE = "language"
    PRIVACY = "privacy"
    CONTACT = "contact"
    MENU = "menu"
    CHILD = "child"
    AMOUNT = "amount"
    PHONE = "phone"
    OTHER_PHONE = "other_phone"
    CONFIRM = "confirm"
    HELD = "held"  # the same amount from the same phone, less than two minutes ago
    SECOND = "second"  # another payment for this child is open on another phone: pay this too?
    PAYMENT = "payment"  # one payment, waiting or settled: the view says which
    BALANCES = "balances"
    PAYMENTS = "payments"
    PAYBILL = "paybill"
    HELP = "help"
    REMIND = "remind"  # an admin looks at the reminder before it goes


@dataclass(frozen=True, slots=True)
class State:
    """`version` counts screens; buttons carry it. `phone`: 254 and 9 digits, None: not chosen yet."""

    at: At = At.LANGUAGE
    version: int = 0
    child_id: int | None = None
    amount_cents: int | None = None
    phone: str | None = None
    payment_id: int | None = None
    second_allowed: bool = False

    def to(self, at: At, **changes: Any) -> State:
        """The next state at another step; what was chosen stays unless it is changed."""
        return replace(self, at=at, **changes)

    def cleared(self, at: At = At.MENU) -> State:
        """The next state with nothing chosen; the version goes on counting."""
        return State(at=at, version=self.version)


def state_to_plain(state: State) -> dict[str, Any]:
    """A JSON-able form for the session row."""
    return asdict(state)


def state_from_plain(plain: dict[str, Any]) -> State:
    """The state that `state_to_plain` wrote down; a step this release does not know begins at the menu."""
    known = {name: plain[name] for name in State.__dataclass_fields__ if name in plain}
    try:
        known["at"] = At(known["at"])
    except (KeyError, ValueError):
        return State(at=At.MENU, version=int(plain.get("version", 0)))
    return State(**known)
