"""A database that is being carried to another one: how far, and that it went."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlmodel import Field

from storage.schema import Row, table_of


class CopiedTable(Row, table=True):
    """In the copy: how far a table has come. last_key: the primary key of its last row as JSON, None at first."""

    __tablename__: ClassVar[str] = "copied_tables"

    name: str = Field(primary_key=True)
    last_key: str | None = None
    copied: int = 0
    finished_at: datetime | None = None


class Move(Row, table=True):
    """Row 1, and the only one. In the copy: `from`, and finished_at once it is whole. In the original: `to`,
    once all of it stands elsewhere and nothing may run here any more.

    other: the other database, without its password. source: keyed hash that knows the original again.
    """

    __tablename__: ClassVar[str] = "moves"

    id: int = Field(default=None, primary_key=True)
    direction: str
    other: str
    source: str
    started_at: datetime
    finished_at: datetime | None = None


MOVES = table_of(Move)
COPIED = table_of(CopiedTable)
