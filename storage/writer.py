"""The writer: one thread that takes waiting units of work into one commit, a savepoint each.

On PostgreSQL another process may be in the way. Such a unit is undone alone, what stands is committed, and it
is run again by itself a little later, while others go on in between.
"""

from __future__ import annotations

import asyncio
import heapq
import queue
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, RootTransaction
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from storage.transactions import is_open, may_run_again
from storage.unit import Unit
from storage.vault import Vault

AT_MOST = 50  #: functions in one commit
ENOUGH_S = 0.020  #: no function is added to a commit after so many seconds of work
TRIES = 5  #: alone, after another process was in its way
_AGAIN_AFTER_S = (0.02, 0.05, 0.15, 0.4, 0.8)  # each with as much again by chance: two must not meet twice


class NotStored(Exception):
    """The commit that this unit of work was part of failed, and why is the cause.

    Nothing of it is on disk; only when the connection was lost during COMMIT itself that is unknown. Doing
    it again is safe: units of work are idempotent by key.
    """


class DatabaseClosed(Exception):
    """The database was closed before this unit of work was taken up: nothing of it is on disk."""


@dataclass(slots=True)
class Job:
    """A unit of work and who waits for it."""

    fn: Callable[[Unit], Any] = field(repr=False)
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = field(default=None, repr=False)
    error: BaseException | None = None
    hindered: int = 0  #: how often another process was in its way
    again: bool = False  #: it has to be run once more

    def __lt__(self, other: Job) -> bool:
        """No order: jobs that are due at the same moment may go in any."""
        return False


class Writer:
    """Runs jobs in its own thread, in the order in which they came. `timer`: seconds that only grow."""

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        inside: threading.local,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._vault = vault
        self._inside = inside
        self._timer = timer
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._connection: Connection | None = None
        self._later: list[tuple[float, Job]] = []
        self._thread = threading.Thread(target=self._run, name="karo-writer", daemon=True)
        self._thread.start()

    def put(self, job: Job) -> None:
        """Queues a job. Raises DatabaseClosed."""
        with self._closing:
            if self._closed:
                raise DatabaseClosed("The database is closed.")
            self._jobs.put(job)

    def close(self) -> None:
        """Finishes what is queued, then ends the thread."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        self._inside.unit = True
        while (job := self._next()) is not None:
            group = [job]
            try:
                self._commit_together(group)
            except BaseException as error:  # whatever broke, nobody may be left waiting
                self._lose(group, error)
            self._put_off([job for job in group if job.again])
            _answer([job for job in group if not job.again])
        self._drop_connection()

    def _next(self) -> Job | None:
        """The job that waits longest; one that is to run again, once it is due. None: closed, and all is done."""
        while self._later:
            due, job = self._later[0]
            wait_s = due - time.monotonic()
            if wait_s <= 0:
                heapq.heappop(self._later)
                return job
            try:
                found = self._jobs.get(timeout=wait_s)
            except queue.Empty:
                continue
            if found is not None:
                return found
            self._jobs.put(None)  # closing: first what is still to run again
            time.sleep(wait_s)
        return self._jobs.get()

    def _put_off(self, jobs: list[Job]) -> None:
        for job in jobs:
            job.again = False
            wait_s = _AGAIN_AFTER_S[min(job.hindered, len(_AGAIN_AFTER_S)) - 1]
            due = time.monotonic() + wait_s * (1 + random.random())  # noqa: S311 - only spreads them out
            heapq.heappush(self._later, (due, job))

    def _commit_together(self, group: list[Job]) -> None:
        """Runs the first job and whatever waits by then, commits once; `group` grows by each job that it
        takes up.
        """
        started = self._timer()
        try:
            with self._begun(group):
                job: Job | None = group[0]
                while job is not None:
                    self._run_one(job)
                    job = None if group[0].hindered else self._another(group, started)
        except BaseException:
            self._drop_connection()
            raise

    def _begun(self, group: list[Job]) -> RootTransaction:
        """A new transaction. When none can begin, everybody who waits is told at once: `group` takes them
        in. A connection that died while nothing was to be done is replaced first.
        """
        try:
            return self._begun_anew()
        except BaseException:
            while self._another(group, self._timer()) is not None:
                pass
            raise

    def _begun_anew(self) -> RootTransaction:
        try:
            return self._connected().begin()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        self._drop_connection()
        return self._connected().begin()

    def _run_one(self, job: Job) -> None:
        """Runs one job behind its savepoint. Raises only when the whole transaction is gone."""
        connection = self._connected()
        savepoint = connection.begin_nested()
        try:
            with Session(
                connection, join_transaction_mode="rollback_only", expire_on_commit=False
            ) as session:
                job.result = job.fn(Unit(session, self._vault))
                session.flush()
            savepoint.commit()
            job.error = None
        except BaseException as error:
            if not is_open(connection):
                raise
            if savepoint.is_active:  # a session whose flush failed has rolled it back already
                savepoint.rollback()
            self._judge(job, error)

    def _judge(self, job: Job, error: BaseException) -> None:
        """Its own error is its caller's; when another process was in the way it has more tries."""
        job.result, job.error = None, error
        if may_run_again(error):
            job.hindered += 1
            job.again = job.hindered <= TRIES
            if not job.again:
                job.error = NotStored("Other processes were in the way again and again: nothing of this was stored.")
                job.error.__cause__ = error

    def _another(self, group: list[Job], started: float) -> Job | None:
        if len(group) >= AT_MOST or self._timer() - started >= ENOUGH_S:
            return None
        try:
            job = self._jobs.get_nowait()
        except queue.Empty:
            return None
        if job is None:  # closing: seen again by the loop
            self._jobs.put(None)
            return None
        group.append(job)
        return job

    def _lose(self, group: list[Job], error: BaseException) -> None:
        for job in group:
            job.result, job.again = None, False
            job.error = NotStored("Nothing of this was stored.")
            job.error.__cause__ = error

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _drop_connection(self) -> None:
        """Closes the connection for good, whatever state it is in: the next group opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


def _answer(group: list[Job]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = defaultdict(list)
    for job in group:
        by_loop[job.loop].append(job)
    for loop, jobs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, jobs)
        except RuntimeError:  # that loop is closed: nobody waits there any more
            continue


def _settle(jobs: list[Job]) -> None:
    for job in jobs:
        if job.future.done():  # its caller was cancelled; the work stands
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
