"""Opening an SQLite file: made, migrated and keyed by whoever comes first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import URL, Connection
from sqlalchemy.exc import DatabaseError

from storage.database import READERS, Database
from storage.migrate import SchemaUnknown, migrate
from storage.opening.errors import KeyMissing, StorageError
from storage.opening.files import key_beside, lock_file, sqlite_path, write_new
from storage.opening.keys import given, make_vault, open_vault, wrapped_key
from storage.sqlite import make_engines
from storage.vault import Vault, VaultError


def open_embedded(url: URL, secret_keys: Sequence[str] | None, *, exclusive: bool = False) -> Database:
    """The database in that file, at the newest schema. Files made here are for their owner alone (mode 0600).

    Raises StorageError.
    """
    path = sqlite_path(url)
    unlock = lock_file(path) if exclusive else lambda: None
    write_engine, read_engine = make_engines(path, READERS)
    try:
        if not path.exists():
            write_new(path.resolve(), "")
        with write_engine.connect() as connection:
            vault = _prepare(connection, path, secret_keys)
        return Database(write_engine, read_engine, vault, on_close=unlock, alone=exclusive)
    except (VaultError, SchemaUnknown, DatabaseError, OSError, StorageError) as error:
        write_engine.dispose()
        read_engine.dispose()
        unlock()
        raise _in_words(error, path) from error


def _prepare(connection: Connection, path: Path, secret_keys: Sequence[str] | None) -> Vault:
    """Schema and vault in one transaction: who comes second waits, and finds both done."""
    with connection.begin():
        migrate(connection)
        wrapped = wrapped_key(connection)
        keys = given(secret_keys) or key_beside(path, make=wrapped is None)
        if wrapped is None:
            return make_vault(connection, keys[0])
        return open_vault(connection, wrapped, keys, rewrap=True)


def _in_words(error: Exception, path: Path) -> StorageError:
    if isinstance(error, StorageError):
        return error
    if isinstance(error, VaultError):
        return KeyMissing(str(error))
    if isinstance(error, SchemaUnknown):
        return StorageError(
            f"The database {path} was written by a newer Karo: install that one, or a later one."
        )
    why = error.orig if isinstance(error, DatabaseError) else getattr(error, "strerror", None) or error
    return StorageError(f"The database {path} cannot be opened: {why}.")
