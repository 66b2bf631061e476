"""Schools. One database may hold several; every other row says whose it is."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlmodel import Field, col, select

from storage.schema import Row
from storage.unit import Unit


class School(Row, table=True):
    """A school as its parents know it."""

    __tablename__: ClassVar[str] = "schools"

    id: int = Field(default=None, primary_key=True)
    name: str
    contact: str
    created_at: datetime


class DataKey(Row, table=True):
    """The one data key of this database, wrapped by the master key. Row 1, and the only one: it serves all
    schools.
    """

    __tablename__: ClassVar[str] = "data_keys"

    id: int = Field(default=None, primary_key=True)
    wrapped: bytes = Field(repr=False)
    created_at: datetime


def ensure(unit: Unit, name: str, contact: str, now: datetime) -> int:
    """The id of this database's first school, made when there is none; a changed name or contact is written
    down.
    """
    school = first(unit)
    if school is None and unit.shared:
        unit.core.execute(select(DataKey.id).with_for_update())  # the first school is made by one process
        school = first(unit)
    if school is None:
        school = School(name=name, contact=contact, created_at=now)
    school.name, school.contact = name, contact
    unit.session.add(school)
    unit.session.flush()
    return school.id


def lock(unit: Unit, school_id: int) -> None:
    """For work on the school's list as a whole: whoever else asks for this waits until the unit ends. Rows that only
    refer to the school may be written meanwhile.
    """
    unit.core.execute(select(School.id).where(School.id == school_id).with_for_update(key_share=True))


def first(unit: Unit) -> School | None:
    """The school that was written down first."""
    return unit.session.exec(select(School).order_by(col(School.id)).limit(1)).first()


def is_there(unit: Unit, school_id: int) -> bool:
    """Whether the school can be read: the database answers and has its schema."""
    return unit.session.get(School, school_id) is not None
