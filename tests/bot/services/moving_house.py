"""The old file and the new server of a move, and ways to be cut short between them."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.services import moving
from storage import copying, moves
from storage.unit import Unit
from tests.builders import NOON
from tests.databases import MASTER_KEY, drop_postgres, empty_postgres, fresh_sqlite
from tests.storage.copying_book import KEYS, fill_every_table, opened

#: A process that kills itself when it has done so many steps, or when it comes to the step of that name.
KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from bot.services import moving
from storage.opening import open_database

url, to, key, end = sys.argv[1:]
steps = 0

def progress(doing, done, total):
    global steps
    steps += 1
    if end in (doing, str(steps)):
        os.kill(os.getpid(), signal.SIGKILL)

source = open_database(url, [key], exclusive=True)
moving.move(source, [key], to, came_from="the file", clock=lambda: datetime.now(UTC), progress=progress, batch_rows=7)
source.close()
"""


class PulledPlug(Exception):
    """The test ends a move here."""


@dataclass
class House:
    """The old file and the new server."""

    old: str
    new: str
    steps: list[str] = field(default_factory=list)

    def move(
        self, *, at: Callable[[str], object] = lambda _doing: None, again: bool = False, to: str | None = None
    ) -> moving.Moved:
        """`karo move`, calling `at` at every step."""

        def progress(doing: str, _done: int, _total: int) -> None:
            self.steps.append(doing)
            at(doing)

        with opened(self.old, exclusive=True) as source:
            return moving.move(
                source,
                KEYS,
                to or self.new,
                came_from="the file",
                clock=lambda: NOON,
                progress=progress,
                again=again,
                batch_rows=7,
            )

    def killed(self, end: str) -> None:
        """`karo move` in a process of its own, killed at a step."""
        ended = subprocess.run(
            [sys.executable, "-c", KILLED, self.old, self.new, MASTER_KEY, end],
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == -signal.SIGKILL, ended.stderr

    def open_sides(self) -> list[str]:
        """Which of the two may be worked with."""
        return [name for name, url in (("old", self.old), ("new", self.new)) if refusal(url) is None]


def look(url: str, fn: Callable[[Unit], object]) -> object:
    with opened(url) as database, copying.held(database, writing=False) as unit:
        return fn(unit)


def refusal(url: str) -> object:
    return look(url, moves.refusal)


def change(url: str, fn: Callable[[Unit], object]) -> None:
    with opened(url) as database:
        asyncio.run(database.write(fn))


def pull_the_plug(when: str, skip: int = 0) -> Callable[[str], None]:
    """Ends the move the first time that it comes to this step, after so many."""
    seen = 0

    def at(doing: str) -> None:
        nonlocal seen
        seen += doing.startswith(when)
        if seen > skip and doing.startswith(when):
            raise PulledPlug

    return at


@contextmanager
def a_house(folder: Path) -> Iterator[House]:
    """A full file, and a server with nothing on it."""
    house = House(fresh_sqlite(folder), empty_postgres())
    try:
        change(house.old, fill_every_table)
        yield house
    finally:
        drop_postgres(house.new)
