"""The outbox's table and its words."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from storage.schema import Row, one_of, table_of


class Kind(StrEnum):
    """What a message is, in the order of urgency."""

    REPLY = "reply"
    RECEIPT = "receipt"
    REMINDER = "reminder"


class Sending(StrEnum):
    """Where a message stands."""

    WAITING = "waiting"
    LEASED = "leased"  #: claimed; it may be on its way
    SENT = "sent"
    FAILED = "failed"  #: given up
    UNKNOWN = "unknown"  #: a reminder that may have been delivered: never sent again
    SUPERSEDED = "superseded"  #: a newer one of its slot took its place before it was sent
    DROPPED = "dropped"  #: its chat is blocked


PRIORITIES = {Kind.REPLY: 0, Kind.RECEIPT: 1, Kind.REMINDER: 2}


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class OutboxMessage(Row, table=True):
    """lease: counts the claims; who holds a claim must name it. attempts: tries that went wrong."""

    __tablename__: ClassVar[str] = "outbox_messages"
    __table_args__ = (
        UniqueConstraint("school_id", "dedupe_key"),
        one_of("kind", Kind),
        one_of("state", Sending),
        CheckConstraint("(state = 'leased') = (lease_until IS NOT NULL)", name="lease_while_leased"),
        Index("ix_outbox_messages_due", "priority", "id", **_where("state = 'waiting'")),
        Index("ix_outbox_messages_chat_waits", "chat_id", "id", **_where("state = 'waiting'")),
        Index("ix_outbox_messages_chat_leased", "chat_id", **_where("state = 'leased'")),
        Index("ix_outbox_messages_chat_dropped", "chat_id", **_where("state = 'dropped'")),
        Index("ix_outbox_messages_lease", "lease_until", **_where("state = 'leased'")),
        Index("ix_outbox_messages_lost", "school_id", "send_at", **_where("state IN ('failed', 'unknown')")),
        Index("ix_outbox_messages_slot", "chat_id", "slot", "id", **_where("slot IS NOT NULL")),
    )

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    chat_id: int = Field(foreign_key="chats.id")
    kind: str
    priority: int
    body_enc: bytes = Field(repr=False)
    dedupe_key: str | None = None
    slot: str | None = None
    state: str = Sending.WAITING
    send_at: datetime
    lease: int = 0
    lease_until: datetime | None = None
    attempts: int = 0
    message_id: str | None = None
    reason: str = ""
    created_at: datetime
    sent_at: datetime | None = None


MESSAGES = table_of(OutboxMessage)
