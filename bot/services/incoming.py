"""One thing that came in by a chat door, whatever the channel."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.dialogue.events import Event


@dataclass(frozen=True, slots=True)
class Incoming:
    """address: the channel's name of the chat. update_id: the channel's name of this update, seen once."""

    channel: str
    address: str
    update_id: str
    event: Event = field(repr=False)
