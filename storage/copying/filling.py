"""Filling a new database from another one: table by table, in batches, each noted in the batch's own transaction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.exc import DataError

from storage import moves
from storage.copying.digests import Digest, of_rows, of_table
from storage.copying.errors import CopyRefused, in_words
from storage.copying.held import held
from storage.copying.loading import load
from storage.copying.tables import (
    Key,
    batches,
    carried,
    go_on_after_the_last_ids,
    key_of,
    read,
    rows_in,
    unfit,
    written,
)
from storage.database import Database
from storage.moves import COPIED
from storage.schema import table_of
from storage.schools import DataKey
from storage.unit import Unit

BATCH_ROWS = 1000

Progress = Callable[[str, int, int], None]  #: what is being done; rows done, rows in all (0: not counted)

_KEYS = table_of(DataKey)
_AGAIN = "What was copied so far is kept: mend that and repeat the same command."


def begin(target: Unit, original: Unit, *, came_from: str, now: datetime) -> None:
    """The first transaction in a database with no rows but its own data key: from now on it holds the original's."""
    wrapped, created_at = original.core.execute(select(_KEYS.c.wrapped, _KEYS.c.created_at)).one()
    target.core.execute(delete(_KEYS))
    target.core.execute(insert(_KEYS).values(id=1, wrapped=wrapped, created_at=created_at))
    moves.note_from(target, came_from, moves.identity(original.vault), now)
    names = [{"name": table.name, "last_key": None, "copied": 0, "finished_at": None} for table in carried()]
    target.core.execute(insert(COPIED), names)


class Filling:
    """Carries the rows of `original`, which must stand still meanwhile, into `target`, where `begin` was done."""

    def __init__(
        self, original: Unit, target: Database, progress: Progress, *, batch_rows: int = BATCH_ROWS
    ) -> None:
        self._original = original
        self._target = target
        self._progress = progress
        self._size = batch_rows
        self._copied = {table.name: Digest() for table in carried()}
        self._after: dict[str, Key | None] = dict.fromkeys(self._copied)
        self.rows = sum(rows_in(original.core, table) for table in carried())

    @property
    def done(self) -> int:
        """Rows that stand in the target."""
        return sum(digest.rows for digest in self._copied.values())

    def resume(self) -> bool:
        """Looks whether what stands in the target is still what stands in the original; if not, it is cleared away.

        False: the original was changed since, and everything is copied anew.
        """
        with self._words("looking at what was copied before"):
            same = all(self._as_before(table) for table in carried())
            if not same:
                self._copied = dict.fromkeys(self._copied, Digest())
                self._after = dict.fromkeys(self._after)
                self._clear()
        return same

    def copy(self, now: Callable[[], datetime]) -> None:
        """Copies whatever is not there yet. Raises CopyRefused; what was committed stays."""
        for table in carried():
            with self._words(f"copying {table.name}"):
                self._copy(table)
                with held(self._target, writing=True) as unit:
                    _note(unit, table, self._after[table.name], finished_at=now())

    def differing(self) -> list[str]:
        """A line for each table whose rows or content are not what was read from the original."""
        found: list[str] = []
        done = 0
        with self._words("comparing"), held(self._target, writing=False) as unit:
            for table in carried():

                def advanced(rows: int, name: str = table.name) -> None:
                    nonlocal done
                    done += rows
                    self._progress(f"Comparing {name}", done, self.rows)

                there, here = (
                    of_table(unit.core, table, self._size, advanced=advanced),
                    self._copied[table.name],
                )
                if there.rows != here.rows:
                    found.append(f"{table.name}: {here.rows:,} rows here, {there.rows:,} in the copy.")
                elif there != here:
                    found.append(f"{table.name}: the same number of rows, but other content.")
        return found

    def _copy(self, table: Table) -> None:
        for rows in batches(self._original.core, table, self._size, after=self._after[table.name]):
            last = key_of(table, rows[-1])
            changes = {"last_key": written(last), "copied": COPIED.c.copied + len(rows), "finished_at": None}
            try:
                with held(self._target, writing=True) as unit:
                    _note(
                        unit, table, self._after[table.name], **changes
                    )  # first: keeps others from these rows
                    load(unit.core, table, rows)
            except (psycopg.DataError, DataError) as error:
                if why := unfit(table, rows):
                    raise CopyRefused(
                        f"PostgreSQL cannot keep a row: {why}. Nothing is lost; please report it."
                    ) from error
                raise
            self._after[table.name] = last
            self._copied[table.name] += of_rows(rows)
            self._progress(f"Copying {table.name}", self.done, self.rows)

    def _as_before(self, table: Table) -> bool:
        with held(self._target, writing=False) as unit:
            noted = select(COPIED.c.last_key).where(COPIED.c.name == table.name)
            last = read(unit.core.execute(noted).scalar_one())
            there = of_table(unit.core, table, self._size)
        if last is not None:
            self._after[table.name] = last
            self._copied[table.name] = of_table(self._original.core, table, self._size, upto=last)
        self._progress(f"Looking at {table.name}", self.done, self.rows)
        return there == self._copied[table.name]

    def _clear(self) -> None:
        with held(self._target, writing=True) as unit:
            if unit.shared:
                unit.core.exec_driver_sql("SET LOCAL lock_timeout = '30s'")
            for table in reversed(carried()):
                unit.core.execute(delete(table))
            unit.core.execute(update(COPIED).values(last_key=None, copied=0, finished_at=None))

    def _words(self, doing: str) -> AbstractContextManager[None]:
        return in_words(doing, _AGAIN)


def finish(unit: Unit, now: datetime) -> None:
    """Marks a copy as whole, once its ids go on where the original's ended."""
    go_on_after_the_last_ids(unit.core)
    moves.finish(unit, now)


def _note(unit: Unit, table: Table, before: Key | None, **changes: Any) -> None:
    """Notes how far the table has come. Raises CopyRefused when somebody else fills it too."""
    noted = None if before is None else written(before)
    as_left = (COPIED.c.name == table.name, COPIED.c.last_key.is_not_distinct_from(noted))
    if unit.core.execute(update(COPIED).where(*as_left).values(changes)).rowcount != 1:
        raise CopyRefused(
            "Another `karo move` fills the same database: let that one end, then repeat this one."
        )
