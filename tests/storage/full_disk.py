"""Run on its own: groups of units on an SQLite file that the system lets grow no further, and what each is told.

Usage: python -m tests.storage.full_disk URL
"""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from storage import audit
from storage.database import Database, NotStored, Unit
from storage.opening import open_database
from tests.builders import NOON, a_school
from tests.databases import MASTER_KEY
from tests.storage.writing import Work, behind_a_gate

SMALL = 20  #: letters: there is room for them
LARGE = 1_200_000  #: no room, but SQLite keeps them in memory until COMMIT
HUGE = 5_000_000  #: more than SQLite keeps in memory: the disk is found full while the unit runs


def fill(mark: str, letters: int) -> Work:
    """Writes so much."""

    def work(unit: Unit) -> str:
        for _ in range(0, letters, 20_000):
            detail = "x" * min(letters, 20_000)
            audit.record(
                unit, school_id=1, actor="test", action="fill", subject=mark, now=NOON, detail=detail
            )
        return mark

    return work


def stored(unit: Unit) -> list[str]:
    """Whose rows are there."""
    return list(unit.core.execute(text("SELECT DISTINCT subject FROM audit_records ORDER BY 1")).scalars())


def no_room_for_more_than(file: Path, letters: int) -> None:
    """No file may be longer than this one and its log are together, and so many bytes."""
    present = file.stat().st_size + file.with_name(f"{file.name}-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (present + letters, resource.RLIM_INFINITY))


def room_again() -> None:
    """As much as there is."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


async def run(database: Database, file: Path) -> dict[str, object]:
    """A group that does not fit at COMMIT, and one that does not fit while it is run; then there is room again."""
    timer: Callable[[], float] = lambda: 0.0  # noqa: E731 - only the count limits a group
    writing = Database(database.write_engine, database.read_engine, database.vault, timer=timer)
    await writing.write(a_school)
    await writing.write(fill("first", SMALL))
    no_room_for_more_than(file, 100_000)
    report: dict[str, object] = {}
    for name, size in (("at commit", LARGE), ("while it runs", HUGE)):
        units = [fill(f"{name}: {part}", SMALL) for part in ("before", "after")]
        units.insert(1, fill(f"{name}: too much", size))
        told = await behind_a_gate(writing, units)
        report[name] = [
            f"{each}{each.unknown}" if isinstance(each, NotStored) else repr(each) for each in told
        ]
    report["stored"] = await writing.read(stored)
    room_again()
    report["healed"] = [await writing.write(fill("healed", LARGE)), *await writing.read(stored)]
    await asyncio.to_thread(writing.close)
    return report


def main() -> None:
    """Prints one line of JSON."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    database = open_database(sys.argv[1], [MASTER_KEY])
    try:
        print(json.dumps(asyncio.run(run(database, Path(sys.argv[1].removeprefix("sqlite:///"))))))
    finally:
        database.close()


if __name__ == "__main__":
    main()
