"""Waiting for something to become true, without looking at a clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Signal:
    """Rung at every change; whoever waits for a condition looks again then. One event loop only."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Something changed."""
        self._event.set()
        self._event = asyncio.Event()

    async def until(self, condition: Callable[[], bool], timeout_s: float) -> None:
        """Wait until it is true. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                await self._event.wait()
