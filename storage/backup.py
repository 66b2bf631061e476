"""A copy of the whole database in one SQLite file, made while everything runs, and proved before it gets its name."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, delete

from storage import moves
from storage.copying import CopyRefused, Filling, NotSound, Progress, begin, broken, held
from storage.copying.errors import in_words
from storage.database import Database
from storage.opening.embedded import open_embedded
from storage.opening.files import write_new
from storage.unit import Unit

_PAGES: Final = 32  #: copied between two looks at the progress
_AGAIN: Final = "There is no backup yet: mend that and repeat the same command."


def back_up(
    source: Database,
    file: Path,
    keys: Sequence[str],
    *,
    with_key: bool,
    now: Callable[[], datetime],
    progress: Progress,
) -> list[str]:
    """Writes the backup, for its owner alone; returns the invariants that the book itself breaks.

    keys: the master keys, the present one first; with_key puts that one into FILE.key. Nobody waits for it.
    Raises CopyRefused (no backup was made) and NotSound (one was made, and was no good: it is gone).
    """
    file = file.expanduser().absolute()
    key_file = file.with_name(file.name + ".key")
    _refuse(source, file, key_file if with_key else None)
    with _draft(file) as draft:
        with in_words("copying", _AGAIN):
            write_new(draft, "")
            if source.shared:
                _rows(source, draft, keys, now, progress)
            else:
                _pages(source, draft, progress)
        progress("Checking the backup", 0, 0)
        with in_words("checking the backup", _AGAIN):
            found = _proved(source, draft, keys, now())
        with in_words("writing the backup", _AGAIN):
            if with_key:
                write_new(key_file, keys[0].strip() + "\n")
            _name(draft, file)
    return found


def _refuse(source: Database, file: Path, key_file: Path | None) -> None:
    if not file.parent.is_dir():
        raise CopyRefused(f"The folder {file.parent} does not exist: no backup was made.")
    for taken in (file, key_file):
        if taken is not None and os.path.lexists(taken):
            raise CopyRefused(f"{taken} is there already, and is left as it is: give the backup a new name.")
    with held(source, writing=False) as unit:
        filled = moves.moved_from(unit)
        if filled is not None and filled.finished_at is None:
            raise CopyRefused(moves.refusal(unit) or "")


@contextlib.contextmanager
def _draft(file: Path) -> Iterator[Path]:
    """A name beside the file for what is not finished; whatever is left under it is removed."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}.unfinished")
    try:
        yield draft
    finally:
        for ending in ("", "-journal", "-wal", "-shm"):
            draft.with_name(draft.name + ending).unlink(missing_ok=True)


def _pages(source: Database, draft: Path, progress: Progress) -> None:
    """SQLite: page by page, from one snapshot. In WAL mode that keeps no writer waiting, and no writer disturbs it."""

    def advanced(_status: int, remaining: int, total: int) -> None:
        progress("Copying", total - remaining, total)

    with held(source, writing=False) as unit:
        unit.core.exec_driver_sql("SELECT count(*) FROM sqlite_master")  # only now there is a snapshot
        driver: Any = unit.core.connection.driver_connection
        with contextlib.closing(sqlite3.connect(draft)) as copy:
            driver.backup(copy, pages=_PAGES, progress=advanced)


def _rows(
    source: Database, draft: Path, keys: Sequence[str], now: Callable[[], datetime], progress: Progress
) -> None:
    """PostgreSQL: row by row, from one snapshot."""
    copy = _opened(draft, keys)
    try:
        with held(source, writing=False) as original:
            with held(copy, writing=True) as unit:
                begin(unit, original, came_from="a backup", now=now())
            filling = Filling(original, copy, progress)
            filling.copy(now)
        differing = filling.differing()
        if differing:
            raise NotSound("The copy is not what the database holds; it was thrown away.", differing)
        with held(copy, writing=True) as unit:
            unit.core.execute(delete(moves.MOVES))
            unit.core.execute(delete(moves.COPIED))
    finally:
        copy.close()


def _proved(source: Database, draft: Path, keys: Sequence[str], now: datetime) -> list[str]:
    """Opens the copy as any command would. Raises NotSound when the file itself is no good."""
    copy = _opened(draft, keys)
    try:
        with held(copy, writing=False) as unit:
            damage = _damage(unit)
            if copy.vault.data_key != source.vault.data_key:
                damage.append("It holds another key than the database.")
            if damage:
                raise NotSound(
                    "The backup could be written, but not be read again; it was thrown away.", damage
                )
            return broken(unit, now)
    finally:
        copy.close()


def _damage(unit: Unit) -> list[str]:
    said = unit.core.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    dangling = unit.core.exec_driver_sql("PRAGMA foreign_key_check").all()
    damage = [str(line) for line in said if line != "ok"]
    return damage + [f"A row of {row[0]} leads to a row of {row[2]} that is not there." for row in dangling]


def _opened(draft: Path, keys: Sequence[str]) -> Database:
    return open_embedded(URL.create("sqlite", database=str(draft)), keys)


def _name(draft: Path, file: Path) -> None:
    """On disk first, then under its name; never over another file."""
    _sync(draft)
    try:
        os.link(draft, file)
    except FileExistsError:
        raise CopyRefused(
            f"{file} appeared meanwhile, and is left as it is: give the backup a new name."
        ) from None
    except OSError:  # a disk that knows no links, such as a USB stick
        if os.path.lexists(file):
            raise CopyRefused(
                f"{file} appeared meanwhile, and is left as it is: give the backup a new name."
            ) from None
        draft.rename(file)
    _sync(file.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
