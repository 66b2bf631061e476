"""How fast messages leave: evenly for all, with a breath for each chat, and not at all while asked to pause."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

INTERVAL_S = 1 / 29
CHAT_INTERVAL_S = 1.0  # for what nobody is waiting for
_CHATS_REMEMBERED = 10_000


class Pace:
    """The sender's. monotonic: seconds that only grow; sleep: lets so many of them pass."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, *, sleep: Callable[[float], Awaitable[object]]
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._paused_until = 0.0
        self._next_slot = 0.0
        self._last_in_chat: dict[int, float] = {}

    @property
    def paused(self) -> bool:
        """Whether the channel asked for a pause that is not over."""
        return self._monotonic() < self._paused_until

    def pause(self, seconds: float) -> None:
        """The channel asks for a pause; of several the longest counts."""
        self._paused_until = max(self._paused_until, self._monotonic() + seconds)

    async def slot(self) -> None:
        """Waits for the next moment at which a message may leave; one that was missed is not made up for."""
        wait_s = self._next_slot - self._monotonic()
        if wait_s > 0:
            await self._sleep(wait_s)
        self._next_slot = self._monotonic() + INTERVAL_S

    def left(self, chat_id: int) -> None:
        """A message leaves for this chat now."""
        if len(self._last_in_chat) > _CHATS_REMEMBERED:
            self._last_in_chat.clear()
        self._last_in_chat[chat_id] = self._monotonic()

    def spare(self, chat_id: int) -> float:
        """For how many seconds this chat should be spared what nobody in it waits for; 0 or less: no more."""
        last = self._last_in_chat.get(chat_id)
        return 0.0 if last is None else last + CHAT_INTERVAL_S - self._monotonic()
