"""The writer: one thread that takes waiting units of work into one commit, a savepoint each.

On PostgreSQL another process may be in the way. Such a unit is undone alone, what stands is committed, and it
is run again by itself a little later, while others go on in between.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Never

from sqlalchemy import Connection, Engine, NestedTransaction, RootTransaction, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from storage.transactions import is_hindrance, is_open, is_unanswered
from storage.turns import DatabaseClosed, Job, Turns, answer
from storage.unit import Unit
from storage.vault import Vault

__all__ = ["AT_MOST", "ENOUGH_S", "TRIES", "DatabaseClosed", "Job", "NotStored", "Writer"]

AT_MOST = 50  #: functions in one commit
ENOUGH_S = 0.020  #: no function is added to a commit after so many seconds of work
TRIES = 5  #: alone, after another process was in its way

_NOTHING = "Nothing of this was stored."
_UNKNOWN = "The connection was lost at COMMIT: whether this was stored is unknown."
_HINDERED = "Other processes were in the way again and again: nothing of this was stored."


class NotStored(Exception):
    """The commit that this unit of work was part of failed, and why is the cause.

    unknown: the connection was lost while the server was to commit, so that all of this unit may be on disk;
    else nothing of it is. Doing it again is safe either way: units of work are idempotent by key.
    """

    def __init__(self, text: str, *, unknown: bool = False) -> None:
        super().__init__(text)
        self.unknown = unknown


class _CommitUnanswered(Exception):
    """COMMIT was sent, and no answer came; the cause says why."""


class _UnitSession(Session):
    """What a unit works with: it can break off what it began itself, and nothing else."""

    def commit(self) -> Never:
        raise RuntimeError("A unit of work does not commit: the writer does.")

    def rollback(self) -> Never:
        raise RuntimeError("A unit of work does not roll back: it raises, or uses begin_nested.")


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
        self._turns = Turns()
        self._connection: Connection | None = None
        self._hindrance: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="karo-writer", daemon=True)
        self._thread.start()

    def put(self, job: Job) -> None:
        """Queues a job. Raises DatabaseClosed."""
        self._turns.put(job)

    def close(self) -> None:
        """Finishes what is queued, also what waits for another try, then ends the thread."""
        self._turns.close()
        self._thread.join()

    def _run(self) -> None:
        self._inside.unit = True
        event.listen(self._engine, "handle_error", self._note_hindrance)
        while (job := self._turns.next()) is not None:
            group = [job]
            try:
                self._commit_together(group)
            except BaseException as error:  # whatever broke, nobody may be left waiting
                _lose(group, error)
            for job in group:
                if job.again:
                    self._turns.put_off(job)
            answer(job for job in group if not job.again)
        event.remove(self._engine, "handle_error", self._note_hindrance)
        self._drop_connection()

    def _commit_together(self, group: list[Job]) -> None:
        """Runs the first job and whatever waits by then, commits once; `group` grows by each job that it
        takes up. A job that was hindered before goes alone.
        """
        started = self._timer()
        try:
            transaction = self._begun(group)
            job: Job | None = group[0]
            while job is not None:
                self._run_one(transaction.connection, job)
                job = None if group[0].hindered else self._another(group, started)
            _commit(transaction)
        except BaseException:
            self._drop_connection()
            raise

    def _another(self, group: list[Job], started: float) -> Job | None:
        if len(group) >= AT_MOST or self._timer() - started >= ENOUGH_S:
            return None
        job = self._turns.more()
        if job is not None:
            group.append(job)
        return job

    def _begun(self, group: list[Job]) -> RootTransaction:
        """A new transaction. When none can begin, everybody who waits is told at once: `group` takes them in."""
        try:
            return self._begun_anew()
        except BaseException:
            while (job := self._turns.more()) is not None:
                group.append(job)
            raise

    def _begun_anew(self) -> RootTransaction:
        """A connection that died while nothing was to be done is replaced: nobody hears of it."""
        try:
            return self._connected().begin()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        self._drop_connection()
        return self._connected().begin()

    def _run_one(self, connection: Connection, job: Job) -> None:
        """Runs one job behind its savepoint. Raises only when the whole transaction is gone."""
        job.result, job.error, job.again, self._hindrance = None, None, False, None
        savepoint = connection.begin_nested()
        try:
            with _UnitSession(
                connection, join_transaction_mode="rollback_only", expire_on_commit=False
            ) as session:
                job.result = job.fn(Unit(session, self._vault))
                session.flush()
            if self._hindrance is not None:  # the unit made something else of it
                raise self._hindrance
            savepoint.commit()
        except BaseException as error:
            if not is_open(connection):
                raise
            _undo(savepoint)
            self._judge(job, error)

    def _judge(self, job: Job, error: BaseException) -> None:
        """Its own error is its caller's; when another process was in the way, it has more tries."""
        job.result = None
        if self._hindrance is not None:
            job.hindered += 1
            job.again = job.hindered <= TRIES
            job.error = NotStored(_HINDERED)
            job.error.__cause__ = self._hindrance
        elif isinstance(error, StopIteration):  # no future takes one
            job.error = RuntimeError("A unit of work raised StopIteration.")
            job.error.__cause__ = error
        else:
            job.error = error

    def _note_hindrance(self, context: ExceptionContext) -> None:
        if context.connection is self._connection and is_hindrance(context.original_exception):
            self._hindrance = context.sqlalchemy_exception or context.original_exception

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


def _undo(savepoint: NestedTransaction) -> None:
    """Rolls back to it, also when a failed flush did so before and the unit went on, or when its release failed."""
    connection, was_active = savepoint.connection, savepoint.is_active
    savepoint.close()
    if not was_active:
        connection.dialect.do_rollback_to_savepoint(connection, savepoint._savepoint)


def _commit(transaction: RootTransaction) -> None:
    connection = transaction.connection
    try:
        transaction.commit()
    except BaseException as error:
        if is_unanswered(connection, error):
            raise _CommitUnanswered from error
        raise


def _lose(group: list[Job], error: BaseException) -> None:
    """The whole group hears of it. What had been undone before the COMMIT is surely not stored."""
    for job in group:
        unknown = isinstance(error, _CommitUnanswered) and job.error is None
        job.result, job.again = None, False
        job.error = NotStored(_UNKNOWN if unknown else _NOTHING, unknown=unknown)
        job.error.__cause__ = error.__cause__ if isinstance(error, _CommitUnanswered) else error
