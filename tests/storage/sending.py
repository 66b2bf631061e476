"""Short ways to queue, claim and send messages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select

from storage import outbox, outbox_claim
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
    """Claims with a lease of a minute; who only looks first must not have missed anything."""
    seen = outbox_claim.any_due(unit, now)
    before = [(row.id, row.state) for row in _all(unit)]
    claimed = outbox.claim(unit, now, 60, limit)
    assert seen or [(row.id, row.state) for row in _all(unit)] == before
    return claimed


def _all(unit: Unit) -> list[OutboxMessage]:
    statement = select(OutboxMessage).order_by(col(OutboxMessage.id))
    return list(unit.session.exec(statement.execution_options(populate_existing=True)))


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
