"""What can happen to a conversation. Frozen values; a door makes them, `step` reads them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Typed:
    """A person wrote something."""

    text: str


@dataclass(frozen=True, slots=True)
class Tapped:
    """A button was pressed. `version` is the session version the button was drawn with (None: a notice's)."""

    key: str
    version: int | None


@dataclass(frozen=True, slots=True)
class SharedContact:
    """A contact card. `own` only when the door proved that it is the sender's own and not forwarded."""

    phone: str
    own: bool


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command, name without the slash and in lower case; `argument` as typed, trimmed."""

    name: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A sticker, a photo, a voice note: something this conversation has no use for."""


@dataclass(frozen=True, slots=True)
class PaymentNews:
    """Something became known about a payment; `event` is storage's event name or a notice of its own.

    Events: accepted, answer_lost, refused, paid, failed, cancelled, expired, paid_late, failed_late,
    cancelled_late, corrected_to_paid, withdrawn, reversed; and notices that change no status: held (the phone
    still has another prompt), put_off (M-PESA takes it a little later), still_unknown (the five-minute block is over),
    unclear (M-PESA gave a reason that nobody knows), checked (the parent asked, no news),
    receipt_number (it came after the money).
    """

    payment_id: int
    event: str


Event = Typed | Tapped | SharedContact | Command | Unreadable | PaymentNews
