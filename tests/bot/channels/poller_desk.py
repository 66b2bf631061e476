"""The services' side of the poller's door, and an ear for what it logs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

import structlog
from structlog.testing import LogCapture

from bot.channels.telegram.poller import Pace, Poller
from bot.dialogue.events import Typed
from bot.playground.signals import Signal
from bot.services.incoming import Incoming
from tests.bot.channels.conftest import Stage

T = TypeVar("T")

AT_ONCE = Pace(retry_s=(0.0,), back_off_s=(0.0,), patience_s=0.01)


async def nothing(_incoming: Incoming) -> None:
    return


@dataclass
class Desk:
    """The services' side of the door: takes what comes, slowly or badly when told to."""

    taken: list[Incoming] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    poison: list[Incoming] = field(default_factory=list)
    members: list[tuple[str, bool]] = field(default_factory=list)
    before: Callable[[Incoming], Awaitable[None]] = nothing
    at_poison: Callable[[Incoming], Awaitable[None]] = nothing
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, incoming: Incoming) -> None:
        await self._note(self.tried, incoming.update_id)
        await self.before(incoming)
        await self._note(self.taken, incoming)

    async def membership(self, address: str, _update_id: str, blocked: bool) -> None:
        await self._note(self.members, (address, blocked))

    async def on_poison(self, incoming: Incoming) -> None:
        await self.at_poison(incoming)
        await self._note(self.poison, incoming)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(condition)

    @property
    def texts(self) -> list[str]:
        return [incoming.event.text for incoming in self.taken if isinstance(incoming.event, Typed)]

    async def _note(self, notes: list[T], what: T) -> None:
        async with self.changed:
            notes.append(what)
            self.changed.notify_all()


@asynccontextmanager
async def polling(stage: Stage, desk: Desk, pace: Pace = AT_ONCE) -> AsyncIterator[Poller]:
    poller = Poller(
        stage.bot, handle=desk.handle, membership=desk.membership, on_poison=desk.on_poison, pace=pace
    )
    running = asyncio.create_task(poller.run())
    try:
        yield poller
    finally:
        poller.stop()
        async with asyncio.timeout(5):
            await running


def fails_on(text: str) -> Callable[[Incoming], Awaitable[None]]:
    async def fail(incoming: Incoming) -> None:
        if incoming.event == Typed(text):
            raise OSError("the disk is full")

    return fail


class Heard(LogCapture):
    """What the poller logged, and a signal at each line."""

    def __init__(self) -> None:
        super().__init__()
        self.signal = Signal()

    def __call__(self, logger: Any, method_name: str, event_dict: Any) -> NoReturn:
        self.signal.ring()
        super().__call__(logger, method_name, event_dict)


@contextmanager
def heard() -> Iterator[Heard]:
    capture, before = Heard(), structlog.get_config()["processors"]
    structlog.configure(processors=[capture])
    try:
        yield capture
    finally:
        structlog.configure(processors=before)
