"""Carry the whole book to another database, so that at every moment exactly one of the two may be worked with.

First everything is copied and compared; then the original is closed; then the copy is opened. Whoever dies in
between repeats the same call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.services.school import Clock
from storage import copying, moves
from storage.copying import BATCH_ROWS, CopyRefused, Filling, NotSound, Progress, Target
from storage.copying.errors import in_words
from storage.database import Database
from storage.unit import Unit

_REPEAT = "Nothing is lost: repeat the same command."


@dataclass(frozen=True, slots=True)
class Moved:
    """other: where everything is now. at: since when; rows: how many, None when it had been moved before.

    resumed: a try before had copied some of it already; anew: but the original had changed since.
    """

    other: str
    at: datetime
    rows: int | None = None
    resumed: bool = False
    anew: bool = False


def move(
    source: Database,
    keys: Sequence[str],
    to: str,
    *,
    came_from: str,
    clock: Clock,
    progress: Progress,
    again: bool = False,
    batch_rows: int = BATCH_ROWS,
) -> Moved:
    """Move everything from `source`, opened alone, to the PostgreSQL database `to`; both keep the same master keys.

    came_from: what the source is called. again: although it was moved before. Raises StorageError (it did not
    begin, or stopped on its way) and NotSound (a book is broken, or the copy is not what it should be).
    """
    other = moves.place(to)
    with in_words("moving", _REPEAT), copying.held(source, writing=True) as original:
        left = None if again else moves.moved_to(original)
        if left is not None and left.finished_at is not None:
            if left.other != other:
                raise CopyRefused(
                    f"This database was moved to the {left.other} already: work with that one. "
                    "If this is a backup that you restore once more, add --again."
                )
            return Moved(other, left.finished_at)
        progress("Checking the original", 0, 0)
        _sound(
            original, clock(), "Karo did not begin: the database breaks its own rules. Nothing was copied."
        )
        target = copying.ready(to, keys, original, came_from=came_from, may_begin=left is None, now=clock())
        try:
            moved = _fill(original, target, other, clock, progress, batch_rows, closed=left is not None)
        except BaseException:
            target.database.close()
            raise
    try:
        return _hand_over(source, target, moved, clock, progress)
    finally:
        target.database.close()


def _fill(
    original: Unit,
    target: Target,
    other: str,
    clock: Clock,
    progress: Progress,
    batch_rows: int,
    *,
    closed: bool,
) -> Moved:
    """Copy, compare, check, and close the original as the transaction that holds it ends."""
    if target.finished:
        if not closed:
            raise CopyRefused(
                f"The {other} holds this very database already, moved there and opened before. "
                "Work with that one, or move to a new, empty one."
            )
        return Moved(other, clock(), resumed=True)
    filling = Filling(original, target.database, progress, batch_rows=batch_rows)
    same = filling.resume() if target.resumed else True
    filling.copy(clock)
    if differing := filling.differing():
        raise NotSound(
            "The copy is not what the database holds. Work on with this one: it is unchanged. "
            "Make a new, empty database, and move there.",
            differing,
        )
    progress("Checking the copy", 0, 0)
    with copying.held(target.database, writing=False) as unit:
        _sound(
            unit, clock(), "The copy breaks the book's rules. Work on with this database: it is unchanged."
        )
    progress("Closing the original", 0, 0)
    moves.note_to(original, other, moves.identity(original.vault), clock())
    return Moved(other, clock(), filling.rows, resumed=target.resumed, anew=not same)


def _hand_over(source: Database, target: Target, moved: Moved, clock: Clock, progress: Progress) -> Moved:
    """The original is closed: open the copy, then note on the original that it was."""
    with in_words("opening the copy", _REPEAT):
        progress("Opening the copy", 0, 0)
        with copying.held(target.database, writing=True) as unit:
            copying.finish(unit, clock())
        progress("Noting where it went", 0, 0)
        with copying.held(source, writing=True) as unit:
            moves.finish(unit, clock())
    progress("Done", 0, 0)
    return moved


def _sound(unit: Unit, now: datetime, otherwise: str) -> None:
    if broken := copying.broken(unit, now):
        raise NotSound(otherwise, broken)
