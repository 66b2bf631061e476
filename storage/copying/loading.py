"""Putting many rows into a table at once: COPY on PostgreSQL, executemany on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Dialect, Row, Table, insert

Process = Callable[[Any], Any]


def load(connection: Connection, table: Table, rows: Sequence[Row[Any]]) -> None:
    """Inserts rows that hold every column in the table's order, inside the caller's transaction."""
    driver = connection.connection.driver_connection
    if isinstance(driver, psycopg.Connection):
        _copy(driver, table, rows, connection.dialect)
    else:
        connection.execute(insert(table), [dict(row._mapping) for row in rows])


def _copy(driver: psycopg.Connection[Any], table: Table, rows: Sequence[Row[Any]], dialect: Dialect) -> None:
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
    processes = _processes(table, dialect)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(
                [
                    value if process is None else process(value)
                    for process, value in zip(processes, row, strict=True)
                ]
            )


def _processes(table: Table, dialect: Dialect) -> list[Process | None]:
    """For each column what SQLAlchemy does to a value before the driver gets it; None: nothing."""
    return [column.type.dialect_impl(dialect).bind_processor(dialect) for column in table.columns]
