"""Short ways to queue, claim and send messages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from storage import outbox
from storage.database import Unit
from storage.outbox import ClaimedMessage, OutboxMessage
from tests.builders import NOON, a_chat, a_school


def after(**span: float) -> datetime:
    """A while after noon."""
    return NOON + timedelta(**span)


def put(unit: Unit, chat_id: int, kind: str = "reply", text: str = "hello", **more: Any) -> int:
    """Queues a message; its id."""
    message = outbox.add(
        unit,
        school_id=1,
        chat_id=chat_id,
        kind=kind,
        body={"text": text},
        **{"dedupe_key": None, "now": NOON, **more},
    )
    assert message is not None
    return message.id


def chats_of(unit: Unit, count: int) -> list[int]:
    """So many chats of the one school."""
    school_id = a_school(unit)
    return [a_chat(unit, school_id).id for _ in range(count)]


def claim(unit: Unit, now: datetime = NOON, limit: int = 10) -> list[ClaimedMessage]:
    """Claims with a lease of a minute."""
    return outbox.claim(unit, now, 60, limit)


def claim_one(unit: Unit, now: datetime = NOON) -> ClaimedMessage:
    """The one message there is to claim."""
    (message,) = claim(unit, now)
    return message


def state_of(unit: Unit, message_id: int) -> str:
    """Where the message stands."""
    return unit.session.get_one(OutboxMessage, message_id, populate_existing=True).state


def sent(unit: Unit, message: ClaimedMessage, name: str = "m1", now: datetime = NOON) -> bool:
    """The channel took it."""
    return outbox.mark_sent(unit, message.id, message.lease, name, now)
