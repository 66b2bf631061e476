"""The database that is to be filled: brought to the newest schema, and taken only when it is fit for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage import moves
from storage.copying.errors import CopyRefused, in_words
from storage.copying.filling import begin
from storage.copying.held import held
from storage.copying.tables import with_rows
from storage.database import Database
from storage.moves import Move
from storage.opening import KeyMissing, migrate_database, open_database
from storage.unit import Unit

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Target:
    """database: open, under the original's data key. resumed: rows may stand there from a try before;
    finished: it was marked as whole.
    """

    database: Database
    resumed: bool
    finished: bool


def ready(
    url: str, keys: Sequence[str], original: Unit, *, came_from: str, may_begin: bool, now: datetime
) -> Target:
    """Opens the target, and begins the move where it is empty. Raises StorageError when it is not fit for it.

    may_begin: False when all of the original stands in some database already, so that only that one will do.
    """
    first = _opened(url, keys)
    try:
        with (
            in_words("looking at the other database", "Repeat the same command."),
            held(first, writing=True) as unit,
        ):
            known = _known(unit, moves.identity(original.vault), url)
            if known is None:
                _begin(unit, original, url, came_from, now, may_begin=may_begin)
    finally:
        first.close()
    database = open_database(url, keys)  # once more: its vault is another one now
    return Target(database, known is not None, known is not None and known.finished_at is not None)


def _opened(url: str, keys: Sequence[str]) -> Database:
    try:
        migrate_database(url, keys)
        return open_database(url, keys)
    except KeyMissing as error:
        raise CopyRefused(
            f"The {moves.place(url)} was set up under another KARO_SECRET_KEY than this database's. "
            "Make a new, empty one, and move there."
        ) from error


def _known(unit: Unit, source: str, url: str) -> Move | None:
    """The move that this very original began there; None: the database is empty."""
    move = moves.moved_from(unit)
    if move is not None and move.source == source:
        return move
    tables = with_rows(unit.core)
    if tables:
        shown = ", ".join(tables[:_SHOWN]) + (", ..." if len(tables) > _SHOWN else "")
        whose = "is filled from another database" if move is not None else f"holds rows already ({shown})"
        raise CopyRefused(
            f"The {moves.place(url)} {whose}. Nothing was changed there. Make a new, empty one, and move there."
        )
    return None


def _begin(unit: Unit, original: Unit, url: str, came_from: str, now: datetime, *, may_begin: bool) -> None:
    left = moves.moved_to(original)
    if left is not None and not may_begin:
        raise CopyRefused(
            f"This database was carried to the {left.other} already, and the {moves.place(url)} is empty. "
            "If this is a backup that you restore once more, add --again."
        )
    begin(unit, original, came_from=came_from, now=now)
