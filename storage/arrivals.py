"""Updates that a webhook brought: stored before they are answered, taken in stored order chat by chat."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import (
    ColumnElement,
    Index,
    UniqueConstraint,
    delete,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlmodel import Field

from storage.schema import Row, one_of, table_of
from storage.unit import Unit, insert_once


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

_C = ARRIVALS.c
_WAITS = _C.state == literal_column(f"'{Arriving.WAITING.value}'")  # in words: so the partial index serves
_ONE_OF_A_CHAT = text("SELECT pg_advisory_xact_lock(hashtextextended(:chat, 0))")


@dataclass(frozen=True, slots=True)
class Waiting:
    """An update whose turn it is. tries: how often it failed before."""

    id: int
    update_id: str
    tries: int
    body_enc: bytes = field(repr=False)


def keep(
    unit: Unit, school_id: int, channel: str, update_id: str, address: str, body: bytes, now: datetime
) -> bool:
    """Stores an update as it came. False: it was stored before, and nothing changes.

    On PostgreSQL the updates of one chat are stored one after the other, so that their ids are in the order
    in which they can be seen.
    """
    if unit.shared:
        unit.core.execute(_ONE_OF_A_CHAT, {"chat": f"arrivals {school_id} {channel} {address}"})
    values = {
        "school_id": school_id, "channel": channel, "update_id": update_id, "address": address,
        "body_enc": unit.vault.seal(body), "state": Arriving.WAITING.value, "tries": 0,
        "next_at": now, "received_at": now,
    }  # fmt: skip
    return insert_once(unit, ARRIVALS, values, ("school_id", "channel", "update_id")) is not None


def oldest_waiting(unit: Unit, school_id: int, channel: str, address: str, now: datetime) -> Waiting | None:
    """The update of this chat whose turn it is; on PostgreSQL its row stays locked until the unit ends.

    None: nothing waits; or the oldest one failed and its next try lies ahead, and nothing overtakes it; or
    another process holds it or has just done it, and looks again after its commit, so that nothing is lost.
    """
    chat = (_C.school_id == school_id, _C.channel == channel, _C.address == address)
    oldest = select(_C.id).where(*chat, _WAITS).order_by(_C.id).limit(1)
    first = unit.core.execute(oldest).scalar_one_or_none()
    if first is None:
        return None
    taken = (
        select(_C.id, _C.update_id, _C.tries, _C.body_enc)
        .where(_C.id == first, _WAITS, _its_turn(now))
        .with_for_update(skip_locked=True)
    )
    row = unit.core.execute(taken).one_or_none()
    return None if row is None else Waiting(*row)


def body_of(unit: Unit, waiting: Waiting) -> bytes:
    """The update as it came. Raises VaultError when it was changed or sealed with another key."""
    return unit.vault.open(waiting.body_enc)


def done(unit: Unit, arrival_id: int) -> bool:
    """It took effect; its body is forgotten. False: it does not wait any more."""
    return _end(unit, arrival_id, Arriving.DONE)


def skipped(unit: Unit, arrival_id: int) -> bool:
    """Given up; its body is forgotten. False: it does not wait any more."""
    return _end(unit, arrival_id, Arriving.SKIPPED)


def failed(unit: Unit, arrival_id: int, next_at: datetime) -> int:
    """Counts a try that failed: it is not tried again before `next_at`. How often it failed by now; 0: it
    does not wait any more.
    """
    counted = (
        update(ARRIVALS)
        .where(_C.id == arrival_id, _WAITS)
        .values(tries=_C.tries + 1, next_at=next_at)
        .returning(_C.tries)
    )
    return int(unit.core.execute(counted).scalar_one_or_none() or 0)


def addresses_waiting(unit: Unit, school_id: int, now: datetime, limit: int) -> list[tuple[str, str]]:
    """(channel, address) of the chats whose oldest waiting update may be tried now, the longest waiting first."""
    oldest = (
        select(func.min(_C.id).label("id"))
        .where(_of_school(school_id), _WAITS)
        .group_by(_C.address, _C.channel)
        .subquery("oldest")
    )
    due = (
        select(_C.channel, _C.address)
        .join(oldest, oldest.c.id == _C.id)
        .where(_its_turn(now))
        .order_by(_C.id)
        .limit(limit)
    )
    return [(row.channel, row.address) for row in unit.core.execute(due)]


def purge(unit: Unit, school_id: int, before: datetime) -> int:
    """Forgets what was received before that moment and waits no more; how many.

    `before` lies 24 hours back or more: until then an update may be repeated.
    """
    old = delete(ARRIVALS).where(_C.school_id == school_id, _C.received_at < before, ~_WAITS)
    return int(unit.core.execute(old).rowcount)


def backlog(unit: Unit, school_id: int) -> tuple[int, datetime | None]:
    """How many updates wait, and when the oldest of them was received."""
    waiting = select(func.count(), func.min(_C.received_at)).where(_of_school(school_id), _WAITS)
    count, oldest = unit.core.execute(waiting).one()
    return int(count), oldest


def _of_school(school_id: int) -> ColumnElement[bool]:
    """The sum keeps SQLite from the index over every update of the school: few of them wait."""
    return _C.school_id + 0 == school_id


def _its_turn(now: datetime) -> ColumnElement[bool]:
    """A first try has no time of its own: the clocks of two machines may differ."""
    return or_(_C.tries == 0, _C.next_at <= now)


def _end(unit: Unit, arrival_id: int, state: Arriving) -> bool:
    ended = unit.core.execute(
        update(ARRIVALS).where(_C.id == arrival_id, _WAITS).values(state=state.value, body_enc=b"")
    )
    return ended.rowcount == 1
