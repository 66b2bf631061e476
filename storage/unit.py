"""One unit of work: what every storage function takes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import Session

from storage import transactions
from storage.vault import Vault


@dataclass(frozen=True, slots=True)
class Unit:
    """A session inside an open transaction, and the vault that opens what is encrypted.

    Functions never commit or roll back: the writer does.
    """

    session: Session
    vault: Vault

    @property
    def alive(self) -> bool:
        """Whether the transaction is still open, so that a savepoint can still be rolled back to."""
        return transactions.is_open(self.session.connection())

    @property
    def shared(self) -> bool:
        """Whether other processes write beside this one (PostgreSQL), so that rows want locks."""
        return self.session.connection().dialect.name == "postgresql"

    @property
    def core(self) -> Connection:
        """The connection for Core statements; what the session still holds back is flushed first."""
        self.session.flush()
        return self.session.connection()


def insert_once(unit: Unit, table: Table, values: Mapping[str, Any], keys: Sequence[str] = ()) -> int | None:
    """Inserts a row unless a unique key (the one named, else any) already holds it.

    Returns the new row's first primary key column, None when the row was there before.
    """
    connection = unit.core
    statement = _insert_once(table, tuple(keys), connection.dialect.name)
    return connection.execute(statement, dict(values)).scalar_one_or_none()


@cache
def _insert_once(table: Table, keys: tuple[str, ...], dialect: str) -> ReturningInsert[tuple[Any]]:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    first: Column[Any] = next(iter(table.primary_key.columns))
    return make(table).on_conflict_do_nothing(index_elements=keys or None).returning(first)
