"""A database that stands still while it is read, and the master keys that open it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import make_url
from sqlmodel import Session

from storage.database import Database
from storage.opening.files import key_beside, sqlite_path
from storage.opening.keys import given
from storage.unit import Unit


@contextmanager
def held(database: Database, *, writing: bool) -> Iterator[Unit]:
    """One transaction, committed at the end. writing: with the write lock on SQLite, so that nobody else
    writes meanwhile; else a snapshot that keeps nobody waiting.
    """
    engine = database.write_engine if writing else database.read_engine
    with engine.begin() as connection:
        joined = Session(connection, join_transaction_mode="rollback_only", expire_on_commit=False)
        with joined as session:
            yield Unit(session, database.vault)
            session.flush()


def master_keys(url: str, secret_keys: Sequence[str] | None) -> list[str]:
    """The master keys of the database at that URL, the present one first. Raises KeyMissing."""
    return given(secret_keys) or key_beside(sqlite_path(make_url(url)), make=False)
