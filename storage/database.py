"""The database: units of work written by one thread in groups, and read beside it on connections of their
own.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlmodel import Session

from storage.unit import Unit
from storage.vault import Vault
from storage.writer import DatabaseClosed, Job, NotStored, Writer

__all__ = ["Database", "DatabaseClosed", "NestedUnit", "NotStored", "Unit"]

T = TypeVar("T")

READERS = 4


class NestedUnit(RuntimeError):
    """A unit of work asked for another one from inside: it must call plain functions instead."""


class Database:
    """Opened by storage.opening. On SQLite `write_engine` begins with the write lock; `read_engine` cannot write.

    alone: no other process runs on it, and none can start.
    """

    def __init__(
        self,
        write_engine: Engine,
        read_engine: Engine,
        vault: Vault,
        *,
        on_close: Callable[[], None] = lambda: None,
        alone: bool = False,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.write_engine = write_engine
        self.read_engine = read_engine
        self.vault = vault
        self.alone = alone
        self._on_close = on_close
        self._inside = threading.local()
        self._writer = Writer(write_engine, vault, self._inside, timer)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="karo-reader")

    @property
    def shared(self) -> bool:
        """Whether other processes may run beside this one: PostgreSQL."""
        return self.write_engine.dialect.name == "postgresql"

    def write(self, fn: Callable[[Unit], T]) -> Coroutine[Any, Any, T]:
        """Runs one unit of work; returns its result once it is on disk, perhaps in one commit with others.

        fn: plain SQL, may be run again, returns plain values. An exception of its own undoes this unit
        alone and is raised here; one that says that another process was in the way never is, whatever `fn`
        makes of it: `fn` is run again. Cancelling the caller does not cancel the work. Raises NotStored when
        the commit failed or others were in the way too often, DatabaseClosed after close, NestedUnit from
        inside a unit.
        """
        self._refuse_inside()
        return self._write(fn)

    def read(self, fn: Callable[[Unit], T]) -> Coroutine[Any, Any, T]:
        """Runs a function on a snapshot, in a thread beside the writer; it cannot write."""
        self._refuse_inside()
        return self._read(fn)

    def close(self) -> None:
        """Finishes what was asked for, then closes everything. Calls after it raise DatabaseClosed."""
        self._writer.close()
        self._readers.shutdown()
        self.read_engine.dispose()
        self.write_engine.dispose()
        self._on_close()

    async def _write(self, fn: Callable[[Unit], T]) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._writer.put(Job(fn, loop, future))
        return await future

    async def _read(self, fn: Callable[[Unit], T]) -> T:
        try:
            running = asyncio.get_running_loop().run_in_executor(self._readers, self._run_read, fn)
        except RuntimeError as error:
            raise DatabaseClosed("The database is closed.") from error
        return await running

    def _run_read(self, fn: Callable[[Unit], T]) -> T:
        self._inside.unit = True
        with self.read_engine.connect() as connection, Session(connection, expire_on_commit=False) as session:
            return fn(Unit(session, self.vault))

    def _refuse_inside(self) -> None:
        if getattr(self._inside, "unit", False):
            raise NestedUnit("A unit of work cannot ask for another one.")
