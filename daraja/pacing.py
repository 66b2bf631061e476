"""Pacing: calls leave evenly spaced, however many callers ask at once."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable

from daraja.errors import BadRequest


class Pace:
    """So many turns a second at most, no two closer than an even gap; first come, first served. For one event loop.

    Several clients may share one. `now`: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        per_s: float,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Raises BadRequest unless `per_s` is a number above 0."""
        if not (math.isfinite(per_s) and per_s > 0):
            raise BadRequest("pushes_per_s", "a number above 0")
        self._gap_s = 1 / per_s
        self._now = now
        self._sleep = sleep
        self._line = asyncio.Lock()  # hands over in the order of asking
        self._free_at = -math.inf

    async def turn(self) -> None:
        """Wait for a turn, and use it up. Who is cancelled while waiting uses up none."""
        async with self._line:
            while (wait_s := self._free_at - self._now()) > 0:
                await self._sleep(wait_s)
            self._free_at = self._now() + self._gap_s
