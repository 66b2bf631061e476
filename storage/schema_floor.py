"""The oldest release that can still work with this schema, so that old and new ones may run side by side.

Revisions are numbered in one line. A revision that only adds leaves the floor where it is; one that takes
something away raises it to the first revision whose release no longer needed it.
"""

from __future__ import annotations

from typing import ClassVar, Final

from sqlalchemy import Connection, inspect, select
from sqlmodel import Field

from storage.schema import Row, table_of

BEYOND: Final = "9999"  #: no release: the database is from before the floor was written down


class SchemaFloor(Row, table=True):
    """Row 1, and the only one. floor: a revision; releases whose newest one is older cannot work here."""

    __tablename__: ClassVar[str] = "schema_floor"

    id: int = Field(default=None, primary_key=True)
    floor: str


FLOOR = table_of(SchemaFloor)


def of(connection: Connection) -> str:
    """The floor of this database."""
    if not inspect(connection).has_table(FLOOR.name):
        return BEYOND
    return connection.execute(select(FLOOR.c.floor).where(FLOOR.c.id == 1)).scalar_one_or_none() or BEYOND
