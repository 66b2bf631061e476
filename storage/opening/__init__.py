"""Opening a database: the file or the server, its key, its schema, its lock, and every way to be refused."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from storage.database import Database
from storage.opening.embedded import open_embedded
from storage.opening.errors import DatabaseInUse, KeyMissing, SchemaOld, StorageError
from storage.opening.server import bring_up, open_server

__all__ = ["DatabaseInUse", "KeyMissing", "SchemaOld", "StorageError", "migrate_database", "open_database"]

_SERVER = frozenset({"postgresql", "postgres"})


def open_database(url: str, secret_keys: Sequence[str] | None, *, exclusive: bool = False) -> Database:
    """Opens the database, with its vault.

    url: `sqlite:///file` (made and brought to the newest schema where needed) or
    `postgresql://user:password@host/name` (whose schema `migrate_database` has made). secret_keys: the
    master keys, the present one first; None, on SQLite only: the one in `<file>.key`, which is made
    together with a new database. exclusive: on SQLite, be the only one that runs on it. Raises
    StorageError.
    """
    parsed = _parsed(url)
    if parsed.drivername in _SERVER:
        return open_server(url, secret_keys)
    return open_embedded(parsed, secret_keys, exclusive=exclusive)


def migrate_database(url: str, secret_keys: Sequence[str] | None) -> None:
    """Makes or brings up the schema, and wraps the data key with the present master key. Raises StorageError."""
    parsed = _parsed(url)
    if parsed.drivername in _SERVER:
        bring_up(url, secret_keys)
    else:
        open_embedded(parsed, secret_keys).close()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # whose texts may hold a part of a password
        raise StorageError(
            "DATABASE_URL is no database URL: it looks like sqlite:///karo.db or postgresql://user:password@host/karo."
        ) from None
    if parsed.drivername not in _SERVER | {"sqlite"}:
        raise StorageError(
            "Karo runs on SQLite or PostgreSQL: DATABASE_URL begins with sqlite:// or postgresql://."
        )
    if parsed.drivername in _SERVER and "@" in f"{parsed.host}{parsed.database}":
        raise StorageError(
            "In DATABASE_URL user and password stand before one @: write one of their own as %40."
        )
    return parsed
