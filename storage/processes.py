"""The processes that run, and when each was last seen doing what: each writes its own row alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import delete, select, update
from sqlmodel import Field

from storage.schema import Row, table_of
from storage.unit import Unit, insert_once


class Taken(StrEnum):
    """What a process may note that it took: a callback, a query's good answer, an update of a chat."""

    CALLBACK = "callback"
    QUERY = "query"
    UPDATE = "update"


class Process(Row, table=True):
    """name: host, process id and a random part. kind: run, web or worker. *_at: when it last took such a thing."""

    __tablename__: ClassVar[str] = "processes"

    name: str = Field(primary_key=True)
    school_id: int = Field(foreign_key="schools.id", index=True)
    kind: str
    started_at: datetime
    seen_at: datetime
    callback_at: datetime | None = None
    query_at: datetime | None = None
    update_at: datetime | None = None


PROCESSES = table_of(Process)
_C = PROCESSES.c


def be_seen(
    unit: Unit,
    *,
    name: str,
    school_id: int,
    kind: str,
    started_at: datetime,
    now: datetime,
    taken: Mapping[Taken, datetime],
) -> None:
    """This process lives. taken: when it last took what; what is not named stays as it was."""
    news = {"seen_at": now, **{f"{what.value}_at": at for what, at in taken.items()}}
    if unit.core.execute(update(PROCESSES).where(_C.name == name).values(**news)).rowcount:
        return
    values = {"name": name, "school_id": school_id, "kind": kind, "started_at": started_at, **news}
    insert_once(unit, PROCESSES, values, ("name",))


def leave(unit: Unit, name: str) -> None:
    """This process ends, as it should."""
    unit.core.execute(delete(PROCESSES).where(_C.name == name))


def forget(unit: Unit, school_id: int, before: datetime) -> int:
    """Forgets those that were not seen since: they died without a word; returns how many."""
    dead = delete(PROCESSES).where(_C.school_id == school_id, _C.seen_at < before)
    return int(unit.core.execute(dead).rowcount)


def known(unit: Unit, school_id: int) -> list[Process]:
    """Every process of the school that is written down, alive or not, in the order of their names."""
    rows = unit.core.execute(select(PROCESSES).where(_C.school_id == school_id).order_by(_C.name))
    return [Process(**row._mapping) for row in rows]
