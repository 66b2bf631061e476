"""Waiting for something to become true without asking again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Watch:
    """Whoever changes anything says so; whoever waits looks again then."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def changed(self) -> None:
        """Something changed: let every waiter look again."""
        event, self._event = self._event, asyncio.Event()
        event.set()

    async def until(self, true: Callable[[], bool]) -> None:
        """Return as soon as `true()` holds."""
        while not true():
            await self._event.wait()
