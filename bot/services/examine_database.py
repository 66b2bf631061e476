"""Whether the book can be opened and read, and whether Karo runs on it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.services.school import Clock
from daraja.doctor import Finding, Verdict
from storage import figures, moves, schools
from storage.database import Database
from storage.figures import Figures
from storage.opening import KeyMissing, SchemaOld, StorageError
from storage.unit import Unit

STAGE: Final = "database"
ALIVE_WITHIN: Final = timedelta(seconds=35)

Say = Callable[[Finding], object]


class NoDatabase(Exception):
    """There is none yet, and looking must not make one. The text is one sentence for a person."""


#: Opens the book, or hands over the one that is open. Raises NoDatabase or StorageError.
OpenBook = Callable[[], AbstractAsyncContextManager[Database]]


@dataclass(frozen=True, slots=True)
class Book:
    """An open database, the school in it, and its figures."""

    database: Database
    school_id: int
    figures: Figures

    @property
    def alive(self) -> int:
        """How many processes of Karo gave a sign of life lately."""
        return sum(process.seen_at > self.figures.at - ALIVE_WITHIN for process in self.figures.processes)


async def open_and_look(open_book: OpenBook, stack: AsyncExitStack, say: Say, clock: Clock) -> Book | None:
    """Says what it finds; the book stays open as long as the stack. None: there is none to work with."""
    try:
        database = await stack.enter_async_context(open_book())
    except NoDatabase as error:
        say(
            Finding(
                STAGE,
                "opens",
                Verdict.WARNING,
                str(error),
                fix="`karo run`, or `karo import students FILE`, makes it.",
            )
        )
        return None
    except StorageError as error:
        say(Finding(STAGE, "opens", Verdict.BAD, str(error), fix=_fix(error)))
        return None
    return await _look(database, say, clock)


async def _look(database: Database, say: Say, clock: Clock) -> Book | None:
    refusal, book = await database.read(lambda unit: _read(unit, database, clock))
    say(
        Finding(
            STAGE,
            "opens",
            Verdict.GOOD,
            "The database answers, its key is the right one, and its schema is the newest.",
            proves="What stands in it can be read.",
            leaves_open="That it can be written to, and that its sums are right (`karo check` says that).",
        )
    )
    if refusal is not None:
        fix = "Set DATABASE_URL to the database that the book was moved to, or finish the move."
        say(Finding(STAGE, "moved", Verdict.BAD, refusal, fix=fix))
        return None
    if book is None:
        fix = "`karo run` writes it down at its first start."
        say(Finding(STAGE, "school", Verdict.WARNING, "There is no school in the database yet.", fix=fix))
        return None
    say(_running(book))
    return book


def _read(unit: Unit, database: Database, clock: Clock) -> tuple[str | None, Book | None]:
    school = schools.first(unit)
    if school is None:
        return moves.refusal(unit), None
    return moves.refusal(unit), Book(database, school.id, figures.read(unit, school.id, clock, clock))


def _running(book: Book) -> Finding:
    if book.alive:
        kinds = sorted({p.kind for p in book.figures.processes if _is_alive(p.seen_at, book.figures.at)})
        said = f"Karo runs: {book.alive} process(es), {', '.join(kinds)}."
        return Finding(
            STAGE, "running", Verdict.GOOD, said, proves="It wrote a sign of life in the last 35 seconds."
        )
    return Finding(
        STAGE,
        "running",
        Verdict.WARNING,
        "No process of Karo gave a sign of life in the last 35 seconds: parents get no answer now.",
        leaves_open="Whether it runs somewhere else, on another database.",
        fix="Start it: `karo run`, or with systemd `systemctl start karo`.",
    )


def _is_alive(seen_at: datetime, now: datetime) -> bool:
    return seen_at > now - ALIVE_WITHIN


def _fix(error: StorageError) -> str:
    if isinstance(error, SchemaOld):
        return "Run `karo migrate`, then this again."
    if isinstance(error, KeyMissing):
        return "Put the right key back: KARO_SECRET_KEY, or the file karo.db.key beside the database."
    return "Check DATABASE_URL, and that the server runs or the file may be opened by this user."
