"""Two processes on one PostgreSQL, one of which stops in the middle of a unit of work: before a statement."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event

from storage.database import Database
from storage.opening import open_database
from tests.databases import MASTER_KEY, drop_postgres, fresh_postgres

_SOMEBODY_WAITS = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"


@asynccontextmanager
async def two_processes(folder: Path) -> AsyncIterator[tuple[Database, Database]]:
    """Two openings of one fresh PostgreSQL database: to each other they are other processes."""
    url = fresh_postgres(folder)
    one, other = (open_database(url, [MASTER_KEY]) for _ in range(2))
    try:
        yield one, other
    finally:
        one.close()
        other.close()
        drop_postgres(url)


class Pause:
    """The first such statement waits until it is let go; later ones do not."""

    def __init__(self, words: str, nth: int) -> None:
        self.words = words
        self.nth = nth
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, _connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if self.words not in " ".join(statement.split()) or self.reached.is_set():
            return
        self.nth -= 1
        if self.nth == 0:
            self.reached.set()
            assert self.opened.wait(30)


@contextmanager
def paused_before(database: Database, words: str, nth: int = 1) -> Iterator[Pause]:
    """This process's writer stops before the nth statement that holds these words."""
    pause = Pause(words, nth)
    event.listen(database.write_engine, "before_cursor_execute", pause)
    try:
        yield pause
    finally:
        pause.opened.set()
        event.remove(database.write_engine, "before_cursor_execute", pause)


async def stopped_before(
    database: Database,
    words: str,
    work: Coroutine[Any, Any, Any],
    meanwhile: Coroutine[Any, Any, Any],
    nth: int = 1,
    until: Callable[[Database, asyncio.Future[Any]], Awaitable[None]] | None = None,
) -> tuple[Any, Any]:
    """`work` stops in its process's writer before such a statement; it goes on when `meanwhile`, in the other
    process, is done or has waited in vain (or `until`). What both came to, errors too.
    """
    with paused_before(database, words, nth) as pause:
        working = asyncio.ensure_future(work)
        assert await asyncio.to_thread(pause.reached.wait, 10), f"no statement holds {words}"
        other = asyncio.ensure_future(meanwhile)
        await (until or hindered)(database, other)
        pause.opened.set()
        came_to = await asyncio.gather(working, other, return_exceptions=True)
    return came_to[0], came_to[1]


async def hindered(database: Database, task: asyncio.Future[Any]) -> None:
    """Until it has waited in vain for what another process holds; at once when it ends without that."""
    for waits in (True, False):
        while not task.done() and await _somebody_waits(database) is not waits:
            continue


async def waiting(database: Database, task: asyncio.Future[Any]) -> None:
    """Until it waits for what another process holds."""
    while not task.done() and not await _somebody_waits(database):
        continue


async def _somebody_waits(database: Database) -> bool:
    return await database.read(lambda unit: bool(unit.core.exec_driver_sql(_SOMEBODY_WAITS).scalar_one()))
