"""What leaves by a chat channel, and what may become of it. Channels implement `Messenger`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from bot.dialogue.screen import Screen


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A screen for one chat. version: the session's, for its buttons (a notice's buttons carry none)."""

    screen: Screen = field(repr=False)
    version: int
    language: str


class DeliveryError(Exception):
    """Not delivered. Raised as itself: the channel refuses this very message for good; the chat may be fine.

    After an edit it means that the old message cannot be edited any more: send it anew.

    DeliveryError
     ├ Unreachable   nothing will ever arrive in this chat: blocked, or gone
     ├ SlowDown      surely not sent, and nobody's turn before `retry_after_s`
     └ TryLater      the channel is in trouble; `maybe_delivered` says whether it may have arrived
    """

    def __init__(self, reason: str = "") -> None:
        """reason: plain words for the log, without names, phones or texts."""
        super().__init__(reason)
        self.reason = reason


class Unreachable(DeliveryError):
    """The person blocked us, or the chat does not exist."""


class SlowDown(DeliveryError):
    """Too fast. The message was surely not sent; the whole sender waits `retry_after_s` seconds."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"asked to wait {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class TryLater(DeliveryError):
    """No answer, or a channel in trouble. `maybe_delivered`: False only when it surely never left."""

    def __init__(self, maybe_delivered: bool, reason: str = "") -> None:
        super().__init__(reason)
        self.maybe_delivered = maybe_delivered


class Messenger(Protocol):
    """A channel's way out. Every method raises only the errors above."""

    async def send(self, address: str, message: OutgoingMessage) -> str:
        """Deliver; the channel's id of the new message."""
        ...

    async def edit(self, address: str, message_id: str, message: OutgoingMessage) -> None:
        """Put the message in the place of an earlier one; nothing to change is success."""
        ...
