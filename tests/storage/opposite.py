"""One unit of work that changes two rows and waits in between; run on its own, it is another process that does so.

Usage: python -m tests.storage.opposite URL NAME FIRST SECOND LOCK_TIMEOUT. Says `holding` when it holds the first
row, waits for a line, and ends with a line of JSON: the codes of the errors that it met.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage import audit
from storage.database import Unit
from storage.opening import open_database
from tests.builders import NOON
from tests.databases import MASTER_KEY
from tests.storage.writing import touch


class Opposite:
    """The unit. Its first run calls `holding` between the rows, and waits as long for the second one as it is told."""

    def __init__(
        self, name: str, first: str, second: str, lock_timeout: str, *, holding: Callable[[], None]
    ) -> None:
        self.name = name
        self.first = first
        self.second = second
        self.lock_timeout = lock_timeout
        self.holding = holding
        self.runs = 0
        self.met: list[str] = []

    def __call__(self, unit: Unit) -> None:
        self.runs += 1
        audit.record(unit, school_id=1, actor=self.name, action="test", subject="deadlock", now=NOON)
        touch(unit, self.first)
        if self.runs == 1:
            unit.core.execute(text(f"SET LOCAL lock_timeout = '{self.lock_timeout}'"))
            self.holding()
        try:
            touch(unit, self.second)
        except DBAPIError as error:
            self.met.append(str(getattr(error.orig, "sqlstate", "")))
            raise


def wait_for_a_line() -> None:
    """Says that the first row is held, and waits to be told to go on."""
    print("holding", flush=True)
    sys.stdin.readline()


def main() -> None:
    """Ends with an error when the unit was not stored."""
    unit = Opposite(*sys.argv[2:], holding=wait_for_a_line)
    database = open_database(sys.argv[1], [MASTER_KEY])
    try:
        asyncio.run(database.write(unit))
    finally:
        database.close()
    print(json.dumps(unit.met), flush=True)


if __name__ == "__main__":
    main()
