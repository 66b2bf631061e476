"""Updates that a webhook brought: stored before they are answered, taken in stored order chat by chat."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from storage.schema import Row, one_of, table_of


class Arriving(StrEnum):
    """Where an update stands."""

    WAITING = "waiting"
    DONE = "done"
    SKIPPED = "skipped"  #: it failed however often it was tried, and the person was told


class Arrival(Row, table=True):
    """address: the channel's name of the chat, in whose order it is taken. body_enc: the update as it came;
    emptied when it is done.
    """

    __tablename__: ClassVar[str] = "arrivals"
    __table_args__ = (
        UniqueConstraint("school_id", "channel", "update_id"),
        one_of("state", Arriving),
        Index(
            "ix_arrivals_waiting",
            "address",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_arrivals_received", "school_id", "received_at"),
    )

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    channel: str
    update_id: str
    address: str
    body_enc: bytes = Field(repr=False)
    state: str = Arriving.WAITING
    tries: int = 0
    next_at: datetime
    received_at: datetime


ARRIVALS = table_of(Arrival)
