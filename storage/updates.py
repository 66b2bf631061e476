"""Updates seen: a set of ids kept for a day, since a channel may repeat one, and not in order."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Index, delete
from sqlmodel import Field

from storage.schema import Row, table_of
from storage.unit import Unit, insert_once


class SeenUpdate(Row, table=True):
    """This update was handled, in the unit of work that wrote this row."""

    __tablename__: ClassVar[str] = "seen_updates"
    __table_args__ = (Index("ix_seen_updates_seen", "school_id", "seen_at"),)

    school_id: int = Field(primary_key=True, foreign_key="schools.id")
    channel: str = Field(primary_key=True)
    update_id: str = Field(primary_key=True)
    seen_at: datetime


SEEN = table_of(SeenUpdate)


def see_update(unit: Unit, school_id: int, channel: str, update_id: str, now: datetime) -> bool:
    """Marks the update as seen. False: it was seen before, and nothing of it may happen again."""
    values = {"school_id": school_id, "channel": channel, "update_id": update_id, "seen_at": now}
    return insert_once(unit, SEEN, values) is not None


def forget_updates(unit: Unit, school_id: int, before: datetime) -> int:
    """Forgets what was seen before that moment, which lies 24 hours back or more; returns how many."""
    gone = delete(SEEN).where(SEEN.c.school_id == school_id, SEEN.c.seen_at < before)
    return int(unit.core.execute(gone).rowcount)
