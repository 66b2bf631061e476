"""Run on its own: fills the database until the system lets the file grow no further, and says what callers
were told.

Usage: python -m tests.storage.full_disk URL
"""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import sys
from collections import Counter

from storage import audit
from storage.database import Database, Unit
from storage.opening import open_database
from tests.builders import NOON, a_school
from tests.databases import MASTER_KEY

ROOM = 200_000  #: bytes that the files may still grow by


def fill(unit: Unit) -> int:
    """Writes 20 kB."""
    audit.record(
        unit, school_id=1, actor="test", action="fill", subject="disk", now=NOON, detail="x" * 20_000
    )
    return 1


def count(unit: Unit) -> int:
    """How many of those are stored."""
    return int(unit.core.exec_driver_sql("SELECT count(*) FROM audit_records").scalar_one())


async def run(database: Database) -> dict[str, object]:
    """Fills the disk in bursts; then makes room and goes on."""
    await database.write(a_school)
    limit = 500_000 + ROOM
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    told: list[object] = []
    for _ in range(8):
        told += await asyncio.gather(*(database.write(fill) for _ in range(10)), return_exceptions=True)
    believed = sum(answer == 1 for answer in told)
    stored = await database.read(count)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    healed = await database.write(fill)
    kinds = Counter(type(answer).__name__ for answer in told if answer != 1)
    return {"believed": believed, "stored": stored, "errors": dict(kinds), "healed": healed}


def main() -> None:
    """Prints one line of JSON."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    database = open_database(sys.argv[1], [MASTER_KEY])
    try:
        print(json.dumps(asyncio.run(run(database))))
    finally:
        database.close()


if __name__ == "__main__":
    main()
