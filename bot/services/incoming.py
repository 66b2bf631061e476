"""One thing that came in by a chat door, whatever the channel."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from typing import Final

from bot.dialogue.events import Event
from storage.database import DatabaseClosed, NotStored

TRIES = 5  #: of one update; then it is skipped, with an apology
DATABASE_TROUBLE: Final = (NotStored, DatabaseClosed)  #: no update is to blame, so it counts as no try


@dataclass(frozen=True, slots=True)
class Incoming:
    """address: the channel's name of the chat. update_id: the channel's name of this update, seen once."""

    channel: str
    address: str
    update_id: str
    event: Event = field(repr=False)


@dataclass(frozen=True, slots=True)
class Arrived:
    """One update as its door reads it. address: in whose order it is taken.

    incoming: what a person did. blocked: the person blocked the bot (True) or came back (False). Neither: nobody's
    business, or `unreadable`, which names the error. button: the channel's id of a tap that wants to be acknowledged.
    """

    channel: str
    update_id: str
    address: str
    incoming: Incoming | None = None
    blocked: bool | None = None
    button: str = ""
    unreadable: str = ""


class NotAnUpdate(ValueError):
    """What came has no update id: it cannot be told from another, and a repeat would bring the same."""


def whereabouts(error: BaseException) -> dict[str, str]:
    """What failed and where, for the log, without the error's text: it may hold what a parent wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "at": f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "",
    }
