"""Opening a database: the file, its key, its schema, its lock, and every way in which that can be refused."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, make_url, select, update
from sqlalchemy.exc import ArgumentError, DatabaseError

from storage.database import READERS, Database
from storage.migrate import SchemaUnknown, migrate
from storage.schema import table_of
from storage.schools import DataKey
from storage.sqlite import make_engines
from storage.vault import Vault, VaultError, new_data_key, new_master_key, unwrap

_KEYS = table_of(DataKey)


class StorageError(Exception):
    """The database cannot be opened; the text says why in one sentence that a person can act on."""


class DatabaseInUse(StorageError):
    """Another process runs on this database."""


class KeyMissing(StorageError):
    """There is no key, or not the right one, for what is encrypted in the database."""


def open_database(url: str, secret_keys: Sequence[str] | None, *, exclusive: bool = False) -> Database:
    """Opens the database at the newest schema, with its vault.

    url: `sqlite:///file`. secret_keys: the master keys, the present one first; None: the one in
    `<file>.key`, which is made together with a new database. Files made here are for their owner alone (mode
    0600). exclusive: be the only one that runs on it. Raises StorageError.
    """
    path = _sqlite_path(url)
    unlock = _lock(path) if exclusive else lambda: None
    write_engine, read_engine = make_engines(path, READERS)
    try:
        if not path.exists():
            _write_new(path.resolve(), "")
        with write_engine.connect() as connection:
            vault = _prepare(connection, path, secret_keys)
        return Database(write_engine, read_engine, vault, on_close=unlock)
    except (VaultError, SchemaUnknown, DatabaseError, OSError, StorageError) as error:
        write_engine.dispose()
        read_engine.dispose()
        unlock()
        raise _in_words(error, path) from error


def _prepare(connection: Connection, path: Path, secret_keys: Sequence[str] | None) -> Vault:
    """Schema and vault in one transaction: who comes second waits, and finds both done."""
    with connection.begin():
        migrate(connection)
        wrapped = connection.execute(select(_KEYS.c.wrapped).where(_KEYS.c.id == 1)).scalar_one_or_none()
        keys = [key for key in secret_keys or () if key.strip()] or _key_beside(path, make=wrapped is None)
        if wrapped is None:
            vault = Vault(new_data_key())
            values = {"id": 1, "wrapped": vault.wrapped(keys[0]), "created_at": datetime.now(UTC)}
            connection.execute(_KEYS.insert().values(values))
            return vault
        vault, is_old = unwrap(wrapped, keys)
        if is_old:
            connection.execute(update(_KEYS).where(_KEYS.c.id == 1).values(wrapped=vault.wrapped(keys[0])))
        return vault


def _sqlite_path(url: str) -> Path:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StorageError("DATABASE_URL is no database URL; it looks like sqlite:///karo.db.") from error
    if parsed.get_backend_name() != "sqlite":
        raise StorageError("Only SQLite can be opened: set DATABASE_URL to something like sqlite:///karo.db.")
    if not parsed.database or parsed.database == ":memory:":
        raise StorageError(
            "The database must be a file: set DATABASE_URL to something like sqlite:///karo.db."
        )
    path = Path(parsed.database).expanduser().absolute()
    if not path.parent.is_dir():
        raise StorageError(f"The folder {path.parent} does not exist.")
    return path


def _key_beside(path: Path, *, make: bool) -> list[str]:
    """The key in `<file>.key`; made when the database is new."""
    key_file = path.with_name(path.name + ".key")
    if not key_file.exists():
        if not make:
            raise KeyMissing(
                f"The database {path} is there, but its key {key_file.name} is not: copy both together, "
                "or set KARO_SECRET_KEY."
            )
        _write_new(key_file, new_master_key() + "\n")
    try:
        return [key_file.read_text(encoding="ascii")]
    except (OSError, UnicodeDecodeError):
        raise KeyMissing(
            f"The key {key_file} cannot be read or holds no key: bring back the one that was made with the "
            "database, or set KARO_SECRET_KEY."
        ) from None


def _write_new(file: Path, text: str) -> None:
    """Writes a file for its owner alone, whole or not at all, and never over another one.

    It gets its name once it is closed: closing a database file would undo the locks that SQLite holds on it.
    """
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()


def _lock(path: Path) -> Callable[[], None]:
    """Holds `<file>.lock` until the returned function is called, or the process ends."""
    try:
        descriptor = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise StorageError(f"The folder {path.parent} cannot be written to: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise DatabaseInUse(
            f"Karo runs on {path} already" + (f", as process {holder}." if holder else ".")
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return lambda: os.close(descriptor)


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
