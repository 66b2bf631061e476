"""A hint from one process to the others that something waits: PostgreSQL's NOTIFY, without a word in it.

Only a hint: it may be lost, and every listener looks by itself as well. On SQLite there is nobody to tell.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Final, Self

import psycopg
from psycopg import AsyncConnection, sql

from storage.database import Database

APART_S: Final = 0.05  #: between two hints of one process
_BACK_OFF_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_CONNECTED_BY_S: Final = 5
_OPTIONS: Final = {
    "application_name": "karo signals", "autocommit": True, "connect_timeout": _CONNECTED_BY_S,
    "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
}  # fmt: skip


class Signals:
    """An async context manager: hints leave while it is open. Each direction has a connection of its own.

    LISTEN needs a connection that stays: through a pooler that shares them, hints are lost.
    """

    def __init__(self, database: Database, school_id: int) -> None:
        engine = database.write_engine
        self._shared = database.shared
        self._where: Mapping[str, Any] = (
            engine.dialect.create_connect_args(engine.url)[1] if self._shared else {}
        )
        self._channel = f"karo_{int(school_id)}"
        self._wanted = asyncio.Event()
        self._telling: asyncio.Task[None] | None = None

    def notify(self) -> None:
        """Something waits: tell the others soon. Never waits, never fails; many calls are few hints.

        Call it from the event loop, after the commit.
        """
        self._wanted.set()

    @asynccontextmanager
    async def listening(self, on_wake: Callable[[], object]) -> AsyncIterator[None]:
        """Calls on_wake at each hint, and once whenever it begins to listen: one may have been missed before."""
        if not self._shared:
            yield
            return
        task = asyncio.create_task(_again_and_again(lambda: self._listen(on_wake)), name="karo-listening")
        try:
            yield
        finally:
            await _end(task)

    async def __aenter__(self) -> Self:
        if self._shared:
            self._telling = asyncio.create_task(_again_and_again(self._tell), name="karo-telling")
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._telling is not None:
            await _end(self._telling)

    async def _tell(self) -> None:
        await self._wanted.wait()
        async with await self._connect() as connection:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                try:
                    await connection.execute("SELECT pg_notify(%s, '')", (self._channel,))
                except psycopg.Error:
                    self._wanted.set()  # the connection was dead already: once more on the next one
                    raise
                await asyncio.sleep(APART_S)

    async def _listen(self, on_wake: Callable[[], object]) -> None:
        async with await self._connect() as connection:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
            on_wake()
            async with aclosing(connection.notifies()) as hints:
                async for _hint in hints:
                    on_wake()

    async def _connect(self) -> AsyncConnection[Any]:
        return await AsyncConnection.connect(**{**self._where, **_OPTIONS})


async def _again_and_again(work: Callable[[], Awaitable[None]]) -> None:
    """Starts anew whatever broke, ever later while it goes on breaking at once."""
    loop, in_vain = asyncio.get_running_loop(), 0
    while True:
        began = loop.time()
        with suppress(psycopg.Error, OSError):
            await work()
        in_vain = 0 if loop.time() - began > _BACK_OFF_S[-1] else in_vain + 1
        wait_s = _BACK_OFF_S[min(in_vain, len(_BACK_OFF_S) - 1)]
        await asyncio.sleep(wait_s * (1 + random.random()) / 2)  # noqa: S311 - only spreads them out


async def _end(task: asyncio.Task[None]) -> None:
    while not task.done():  # the second time, a server that does not answer is not asked to stop any more
        task.cancel()
        await asyncio.wait({task}, timeout=1.0)
    if not task.cancelled():
        task.result()
