"""Work that starts after a commit and that nobody waits for: pushes, and questions a parent asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)


class Background:
    """Keeps hold of what it started; rows, not tasks, remember the work across a crash."""

    def __init__(self, *, done: Callable[[], None]) -> None:
        """done: called after each piece of work, whether it went well or not."""
        self._done = done
        self._running: set[asyncio.Future[Any]] = set()
        self._ending = False

    def start(self, work: Coroutine[object, object, None]) -> None:
        """Run it beside everything else; its errors go to the log.

        Once the process ends nothing is begun: a payment claimed now would never be pushed, its row is another's.
        """
        if self._ending:
            work.close()
            return
        task = asyncio.create_task(self._guarded(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def shielded(self, work: Coroutine[object, object, object]) -> None:
        """Run it and wait for it; whoever waits may be cancelled, the work is not."""
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.shield(task)

    async def finish(self, within_s: float) -> None:
        """Begin nothing more, wait for what runs, and break off what takes longer: its rows are found by others, or
        at the next start.
        """
        self._ending = True
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _guarded(self, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except Exception:
            log.exception("background.failed")
        finally:
            self._done()
