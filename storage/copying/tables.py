"""Which tables are carried to another database, in which order, and their rows in batches by primary key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Integer, Row, Table, func, select, text, tuple_

from storage.tables import metadata

#: What belongs to running processes, or to one database alone; the data key is carried by itself.
_STAY: Final = frozenset(
    {"access_tokens", "copied_tables", "data_keys", "leases", "moves", "processes", "schema_floor"}
)
_MAY_STAND: Final = frozenset({"data_keys", "schema_floor"})  #: in a database that counts as empty

Key = tuple[Any, ...]  #: a primary key's values


@cache
def carried() -> tuple[Table, ...]:
    """The tables, each after those that its foreign keys lead to."""
    return tuple(table for table in metadata().sorted_tables if table.name not in _STAY)


def rows_in(connection: Connection, table: Table) -> int:
    """How many rows there are."""
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def with_rows(connection: Connection) -> list[str]:
    """The tables that make a database one which is in use already."""
    tables = [table for table in metadata().sorted_tables if table.name not in _MAY_STAND]
    return [
        table.name for table in tables if connection.execute(select(table.c[0]).limit(1)).first() is not None
    ]


def batches(
    connection: Connection, table: Table, size: int, *, after: Key | None = None, upto: Key | None = None
) -> Iterator[Sequence[Row[Any]]]:
    """All rows in the order of the primary key, so many at a time; only those beyond `after`, not beyond `upto`."""
    page = select(table).order_by(*table.primary_key.columns).limit(size)
    if upto is not None:
        page = page.where(_key(table) <= _values(table, upto))
    while True:
        beyond = page if after is None else page.where(_key(table) > _values(table, after))
        rows = connection.execute(beyond).all()
        if rows:
            yield rows
        if len(rows) < size:
            return
        after = key_of(table, rows[-1])


def key_of(table: Table, row: Row[Any]) -> Key:
    """The row's primary key."""
    return tuple(row._mapping[column] for column in table.primary_key.columns)


def written(key: Key) -> str:
    """A key as it is noted in copied_tables."""
    return json.dumps(key, ensure_ascii=False)


def read(text: str | None) -> Key | None:
    """A key that was noted; None: none was."""
    return None if text is None else tuple(json.loads(text))


def go_on_after_the_last_ids(connection: Connection) -> None:
    """PostgreSQL's sequences go on after the ids that were copied; SQLite looks for itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in carried():
        column = next(iter(table.primary_key.columns))
        if len(table.primary_key.columns) > 1 or column is not table.autoincrement_column:
            continue
        last = connection.execute(select(func.max(column))).scalar_one()
        if last is not None:
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:name, :column), :last)"),
                {"name": table.name, "column": column.name, "last": last},
            )


def unfit(table: Table, rows: Sequence[Row[Any]]) -> str | None:
    """The first row that SQLite keeps and PostgreSQL does not, by its table, key and column; None: all fit."""
    for row in rows:
        for column, value in zip(table.columns, row, strict=True):
            if isinstance(value, str) and "\0" in value:
                return f"row {written(key_of(table, row))} of {table.name} holds a NUL character in {column.name}"
            narrow = type(column.type) is Integer
            if narrow and isinstance(value, int) and not -(2**31) <= value < 2**31:
                return f"row {written(key_of(table, row))} of {table.name} holds too big a number in {column.name}"
    return None


def _key(table: Table) -> ColumnElement[Any]:
    columns = list(table.primary_key.columns)
    return columns[0] if len(columns) == 1 else tuple_(*columns)


def _values(table: Table, key: Key) -> Any:
    return key[0] if len(table.primary_key.columns) == 1 else key
