"""What stands beside an SQLite file: its key, its lock; and the file itself, for its owner alone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import URL

from storage.opening.errors import DatabaseInUse, KeyMissing, StorageError
from storage.vault import new_master_key


def sqlite_path(url: URL) -> Path:
    """The file that the URL names. Raises StorageError."""
    if not url.database or url.database == ":memory:":
        raise StorageError(
            "The database must be a file: set DATABASE_URL to something like sqlite:///karo.db."
        )
    path = Path(url.database).expanduser().absolute()
    if not path.parent.is_dir():
        raise StorageError(f"The folder {path.parent} does not exist.")
    return path


def key_beside(path: Path, *, make: bool) -> list[str]:
    """The key in `<file>.key`; made when the database is new."""
    key_file = path.with_name(path.name + ".key")
    if not key_file.exists():
        if not make:
            raise KeyMissing(
                f"The database {path} is there, but its key {key_file.name} is not: copy both together, "
                "or set KARO_SECRET_KEY."
            )
        write_new(key_file, new_master_key() + "\n")
    try:
        return [key_file.read_text(encoding="ascii")]
    except (OSError, UnicodeDecodeError):
        raise KeyMissing(
            f"The key {key_file} cannot be read or holds no key: bring back the one that was made with the "
            "database, or set KARO_SECRET_KEY."
        ) from None


def write_new(file: Path, text: str) -> None:
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


def lock_file(path: Path) -> Callable[[], None]:
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
