"""Who does what only one process may do, and until when: the sender, long polling, asking for a token.

A holder that is not heard of before its lease ends is replaced. `fence` grows with each new holder. The moment
is the database's own where it has a clock (PostgreSQL), so that a machine whose clock is wrong steals nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

from sqlalchemy import ColumnElement, and_, case, or_, select, update
from sqlmodel import Field

from storage.schema import Row, table_of
from storage.server_clock import server_now
from storage.unit import Unit, insert_once


class Lease(Row, table=True):
    """holder: a process's own name. until: aware UTC, by the database's clock where there is one."""

    __tablename__: ClassVar[str] = "leases"

    school_id: int = Field(primary_key=True, foreign_key="schools.id")
    name: str = Field(primary_key=True)
    holder: str
    fence: int
    taken_at: datetime
    until: datetime


LEASES = table_of(Lease)
_C = LEASES.c
_NOBODY: Final = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as its holder was given it; the fence names this holding in every unit that depends on it."""

    name: str
    holder: str
    fence: int
    until: datetime


def take(
    unit: Unit, school_id: int, name: str, holder: str, *, now: datetime, lease_s: float, alone: bool = False
) -> Held | None:
    """Takes a lease that is free, lapsed or ours, for `lease_s` seconds from now. None: somebody else holds it.

    Renewing keeps the fence, a new holder raises it. alone: no other process can be there, so whoever stands
    there is dead. holder: not empty. `now` counts only where the database has no clock.
    """
    moment = _moment(unit, now)
    until = moment + timedelta(seconds=lease_s)
    ours = _C.holder == holder
    free = or_(ours, _C.until <= moment)
    taken = unit.core.execute(
        update(LEASES)
        .where(_C.school_id == school_id, _C.name == name, *(() if alone else (free,)))
        .values(
            holder=holder,
            fence=case((ours, _C.fence), else_=_C.fence + 1),
            taken_at=case((ours, _C.taken_at), else_=moment),
            until=until,
        )
        .returning(_C.fence)
    ).scalar_one_or_none()
    if taken is not None:
        return Held(name, holder, taken, until)
    values = {
        "school_id": school_id,
        "name": name,
        "holder": holder,
        "fence": 1,
        "taken_at": moment,
        "until": until,
    }
    first = insert_once(unit, LEASES, values, ("school_id", "name"))
    return None if first is None else Held(name, holder, 1, until)


def holds(unit: Unit, school_id: int, name: str, holder: str, fence: int, *, now: datetime) -> bool:
    """Whether this holding still stands, and stands until this unit has committed: no successor slips in."""
    held = select(_C.fence).where(_is(school_id, name, holder, fence), _C.until > _moment(unit, now))
    return unit.core.execute(held.with_for_update(read=True)).first() is not None


def release(unit: Unit, school_id: int, name: str, holder: str, fence: int, *, now: datetime) -> bool:
    """Gives it up, for anybody to take at once. False: it was no longer this holding's."""
    given_up = unit.core.execute(
        update(LEASES)
        .where(_is(school_id, name, holder, fence))
        .values(holder=_NOBODY, until=_moment(unit, now))
    )
    return given_up.rowcount == 1


def holder_of(unit: Unit, school_id: int, name: str, *, now: datetime) -> Held | None:
    """Who holds it, for people to look at. None: nobody."""
    of_that_name = and_(_C.school_id == school_id, _C.name == name)
    row = unit.core.execute(
        select(LEASES).where(of_that_name, _C.holder != _NOBODY, _C.until > _moment(unit, now))
    ).first()
    return None if row is None else Held(row.name, row.holder, row.fence, row.until)


def _is(school_id: int, name: str, holder: str, fence: int) -> ColumnElement[bool]:
    return and_(_C.school_id == school_id, _C.name == name, _C.holder == holder, _C.fence == fence)


def _moment(unit: Unit, now: datetime) -> datetime:
    return server_now(unit) or now
