"""Whose turn it is with the writer: units of work in the order in which they came, and those that another
process hindered, each when its next try is due.
"""

from __future__ import annotations

import asyncio
import heapq
import queue
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from storage.unit import Unit

_AGAIN_AFTER_S = (0.02, 0.05, 0.15, 0.4, 0.8)  # each with as much again by chance: two must not meet twice


class DatabaseClosed(Exception):
    """The database was closed before this unit of work was taken up: nothing of it is on disk."""


@dataclass(slots=True, eq=False)
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


class Turns:
    """Anybody puts a job in; only the writer's thread takes them out. `timer`: seconds that only grow."""

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._ended = False
        self._later: list[tuple[float, Job]] = []
        self._others_first = False

    def put(self, job: Job) -> None:
        """Puts it behind all others. Raises DatabaseClosed."""
        with self._closing:
            if self._closed:
                raise DatabaseClosed("The database is closed.")
            self._jobs.put(job)

    def close(self) -> None:
        """Takes nothing more in."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)

    def put_off(self, job: Job) -> None:
        """Its next try comes a little later, after the more the oftener it was hindered."""
        wait_s = _AGAIN_AFTER_S[min(job.hindered, len(_AGAIN_AFTER_S)) - 1]
        due = self._timer() + wait_s * (1 + random.random())  # noqa: S311 - only spreads them out
        heapq.heappush(self._later, (due, job))

    def next(self) -> Job | None:
        """Waits for the job whose turn it is. None: closed, and all is done, also what was put off.

        A job that was put off goes first once it is due, but never two of them while others wait.
        """
        while True:
            wait_s = self._later[0][0] - self._timer() if self._later else None
            is_due = wait_s is not None and wait_s <= 0
            if is_due and not self._others_first:
                self._others_first = True
                return heapq.heappop(self._later)[1]
            self._others_first = False
            if wait_s is None and self._ended:
                return None
            job = self._take(0 if is_due else wait_s)
            if job is not None:
                return job

    def more(self) -> Job | None:
        """One more job, if one waits by now that was never hindered."""
        return self._take(0)

    def _take(self, wait_s: float | None) -> Job | None:
        try:
            job = self._jobs.get(timeout=wait_s)
        except queue.Empty:
            return None
        self._ended = job is None  # nothing comes after it
        return job


def answer(group: Iterable[Job]) -> None:
    """Tells the callers what became of their jobs, each in its own loop."""
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
