"""One clock for all processes: the database's, carried on by this machine's monotonic one.

Leases, blocks and due times are written by one process and read by another, perhaps on a machine whose clock is
wrong, or is put right while it runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.services.school import Clock
from storage.database import Database
from storage.server_clock import server_now

log = structlog.get_logger(__name__)

WORTH_A_WORD = timedelta(seconds=5)
BELIEVED_S = 2.0  #: an answer that took longer may be wrong by half of that: the last one is better


class SharedClock:
    """Aware UTC. Until the first `sync`, and on SQLite for ever, it is this machine's clock."""

    def __init__(self, local: Clock, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """monotonic: seconds that only grow."""
        self._local = local
        self._monotonic = monotonic
        self._base: tuple[datetime, float] | None = None

    def __call__(self) -> datetime:
        """Now."""
        if self._base is None:
            return self._local()
        moment, at = self._base
        return moment + timedelta(seconds=self._monotonic() - at)

    async def sync(self, database: Database) -> None:
        """Ask the database what time it is; the answer is taken to be from half way there and back."""
        before = self._monotonic()
        moment = await database.read(server_now)
        after = self._monotonic()
        if moment is None or (self._base is not None and after - before > BELIEVED_S):
            return
        self._base = (moment, (before + after) / 2)
        off = self._local() - self()
        if abs(off) > WORTH_A_WORD:
            log.warning("clock.off", seconds=round(off.total_seconds(), 1))
