"""The two things that one process at a time does for a bot: send messages, and ask for updates."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bot.channels.telegram import Poller
from bot.services.deliver import LEASE as SENDER
from bot.services.deliver import Deliver
from bot.services.lease import LeaseKeeper, Tenure

POLLER = "poller"  #: the name of the lease under which one process asks Telegram for updates


class Chat:
    """Sends, and polls where updates come that way, whenever this process holds the lease for it."""

    def __init__(
        self,
        keeper: Callable[[str], LeaseKeeper],
        deliver: Deliver,
        poller: Callable[[], Poller] | None,
    ) -> None:
        """poller: a new one for each time the lease is held; None: updates come by a webhook."""
        self._keeper = keeper
        self._deliver = deliver
        self._make_poller = poller
        self._poller: Poller | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, then a few seconds at most for what is under way."""
        keeping = [self._keeper(SENDER).run(stop, self._deliver.run)]
        if self._make_poller is not None:
            keeping.append(self._keeper(POLLER).run(stop, self._poll))
        await asyncio.gather(self._stop_at(stop), *keeping)

    async def _poll(self, tenure: Tenure) -> None:  # noqa: ARG002 - what it reads is taken once, whoever reads it
        assert self._make_poller is not None
        self._poller = self._make_poller()
        await self._poller.run()

    async def _stop_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._deliver.stop()
        if self._poller is not None:
            self._poller.stop()


async def greet(started: Callable[[], Awaitable[None]] | None) -> None:
    """Say that everything is up, to whoever wants to hear it."""
    if started is not None:
        await started()
