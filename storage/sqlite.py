"""SQLite, as this project uses it: WAL, every commit synced, explicit transactions."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 5000")


def make_engines(path: Path, readers: int) -> tuple[Engine, Engine]:
    """One engine whose transactions take the write lock at once, and one whose connections cannot write."""
    return _engine(path, "BEGIN IMMEDIATE", 1), _engine(path, "BEGIN", readers, "query_only = ON")


def _engine(path: Path, begin: str, pool_size: int, *more: str) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)), pool_size=pool_size, max_overflow=0, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        cursor: Any = connection.cursor()
        for pragma in (*_PRAGMAS, *more):
            cursor.execute(f"PRAGMA {pragma}").fetchall()
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
