"""A database that is carried to another one: how far it has come, and that it went."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final

from sqlalchemy import delete, insert, make_url, update
from sqlalchemy.exc import ArgumentError
from sqlmodel import Field

from storage.schema import Row, table_of
from storage.unit import Unit
from storage.vault import Vault

FROM: Final = "from"
TO: Final = "to"


class CopiedTable(Row, table=True):
    """In the copy: how far a table has come. last_key: the primary key of its last row as JSON, None at first."""

    __tablename__: ClassVar[str] = "copied_tables"

    name: str = Field(primary_key=True)
    last_key: str | None = None
    copied: int = 0
    finished_at: datetime | None = None


class Move(Row, table=True):
    """Row 1, and the only one. In the copy: `from`, and finished_at once it is whole. In the original: `to`,
    once all of it stands elsewhere and nothing may run here any more; finished_at once the copy was opened.

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


def moved_to(unit: Unit) -> Move | None:
    """Where this database was moved to; None: it is still the one to work with.

    Without finished_at the last step of `karo move` is still to be done: this one is closed all the same.
    """
    return _row(unit, TO)


def moved_from(unit: Unit) -> Move | None:
    """What this database was filled from by `karo move`; without finished_at it is not whole yet."""
    return _row(unit, FROM)


def refusal(unit: Unit) -> str | None:
    """Why nothing may run or write here, in words for the person at the keyboard; None: it may."""
    gone, filled = moved_to(unit), moved_from(unit)
    if gone is not None and gone.finished_at is not None:
        return (
            f"This database was moved to the {gone.other} on {gone.finished_at:%Y-%m-%d}: "
            "set DATABASE_URL to that one. Here nothing is written any more; it can still be read."
        )
    if gone is not None:
        return (
            f"This database is being moved to the {gone.other}, and the last step is still to be done: "
            "repeat the `karo move` that was cut short."
        )
    if filled is not None and filled.finished_at is None:
        return (
            f"This database is being filled from {filled.other} and is not whole yet: "
            "repeat the `karo move` that was cut short."
        )
    return None


def identity(vault: Vault) -> str:
    """What a database is known again by, wherever it was copied to: a keyed hash of its data key."""
    return vault.hash("database", vault.data_key)


def place(url: str) -> str:
    """The database that a URL names, in words that never hold a user or a password. Raises ValueError."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # whose texts may hold a part of a password
        raise ValueError("is no database URL: it looks like postgresql://user:password@host/karo") from None
    if "@" in f"{parsed.host}{parsed.database}":
        raise ValueError("has more than one @: in user and password write it as %40, and a / as %2F")
    if parsed.get_backend_name() == "sqlite":
        return f"file {parsed.database}"
    given = parsed.host or parsed.query.get("host") or "localhost"
    host = given if isinstance(given, str) else ",".join(given)
    port = f":{parsed.port}" if parsed.port else ""
    return f"PostgreSQL database {parsed.database} at {host}{port}"


def note_from(unit: Unit, other: str, source: str, now: datetime) -> None:
    """Writes into the copy what it is filled from."""
    _write(unit, FROM, other, source, now)


def note_to(unit: Unit, other: str, source: str, now: datetime) -> None:
    """Closes the original: all of it stands in the other database."""
    unit.core.execute(delete(MOVES))
    _write(unit, TO, other, source, now)


def finish(unit: Unit, now: datetime) -> None:
    """Marks the move as ended on this side; once more changes nothing."""
    unit.core.execute(
        update(MOVES).where(MOVES.c.id == 1, MOVES.c.finished_at.is_(None)).values(finished_at=now)
    )


def _write(unit: Unit, direction: str, other: str, source: str, now: datetime) -> None:
    values = {"id": 1, "direction": direction, "other": other, "source": source, "started_at": now}
    unit.core.execute(insert(MOVES).values(**values, finished_at=None))


def _row(unit: Unit, direction: str) -> Move | None:
    row = unit.session.get(Move, 1, populate_existing=True)
    return row if row is not None and row.direction == direction else None
