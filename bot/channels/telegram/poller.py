"""Long polling that confirms an update to Telegram only after it was taken.

Each update is tried until it is handled, or given to `on_poison`; chats run side by side, one chat in order.
Telegram forgets what lies below the offset, so the offset stops at the oldest update that is not done yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import structlog
from telegram import Bot
from telegram.error import Conflict, EndPointNotFound, InvalidToken, RetryAfter

from bot.channels.telegram.buttons import ButtonClocks
from bot.channels.telegram.updates import ALLOWED_UPDATES, read_update
from bot.channels.telegram.webhook import delete_webhook
from bot.services import incoming
from bot.services.incoming import DATABASE_TROUBLE, Arrived, Incoming, whereabouts

log = structlog.get_logger(__name__)

TRIES = incoming.TRIES
POLL_S = 30
STOP_WITHIN_S = 0.7


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between tries of one update, between polls that fail, and before polling past a slow update."""

    retry_s: Sequence[float] = (0.5, 1.0, 2.0, 4.0, 10.0)
    back_off_s: Sequence[float] = (1.0, 2.0, 5.0, 10.0, 30.0)
    patience_s: float = 1.0


class Poller:
    """Brings every update of one bot to the services. `run` until `stop`."""

    def __init__(
        self,
        bot: Bot,
        *,
        handle: Callable[[Incoming], Awaitable[None]],
        membership: Callable[[str, str, bool], Awaitable[None]],
        on_poison: Callable[[Incoming], Awaitable[None]],
        pace: Pace | None = None,
    ) -> None:
        """handle: returns once the update is stored. membership: (address, update id, blocked).

        on_poison: an update that failed five times; it is skipped after that. Should on_poison raise too (the
        database is down), the update is not skipped but tried again.
        """
        self._bot = bot
        self._handle = handle
        self._membership = membership
        self._on_poison = on_poison
        self._pace = pace or Pace()
        self._stopping = asyncio.Event()
        self._offset: int | None = None
        self._done: set[int] = set()
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._last_in_chat: dict[str, asyncio.Task[None]] = {}
        self._clocks = ButtonClocks(bot)

    def stop(self) -> None:
        """Stop polling at once; `run` returns within a second. What is not done comes again another time."""
        self._stopping.set()

    async def run(self) -> None:
        """Poll until `stop`. Telegram's errors are said in the log and waited out."""
        polling = asyncio.create_task(self._poll())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({polling, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancel(polling, stopping)
            if self._under_way:
                await asyncio.wait(self._under_way.values(), timeout=STOP_WITHIN_S)
            await _cancel(*self._under_way.values())
            await self._clocks.close()

    async def _poll(self) -> None:
        failures = 0
        webhook_is_gone = False
        while True:
            try:
                if not webhook_is_gone:
                    webhook_is_gone = await delete_webhook(self._bot)
                fetched = await self._fetch()
            except Exception as error:
                pause = self._pause(error, failures)
                log.warning(
                    "telegram.not_polling", why=_in_words(error), error=type(error).__name__, pause_s=pause
                )
                failures += 1
                await asyncio.sleep(pause)
                continue
            failures = 0
            for raw in fetched:
                self._begin(raw)
            if self._under_way:
                await asyncio.wait(self._under_way.values(), timeout=self._pace.patience_s)
            self._advance()

    async def _fetch(self) -> list[dict[str, Any]]:
        """The updates as Telegram wrote them: one that cannot be parsed must not take the others along.

        The underscore at the end: the library warns where it has a method of its own for the same call.
        """
        wait_s = 0 if self._under_way else POLL_S
        fetched: list[dict[str, Any]] = await self._bot.do_api_request(
            "get_updates_",
            api_kwargs={"offset": self._offset, "timeout": wait_s, "allowed_updates": ALLOWED_UPDATES},
            read_timeout=wait_s + 10.0,
        )
        return fetched

    def _begin(self, raw: dict[str, Any]) -> None:
        update_id = int(raw["update_id"])
        if update_id in self._done or update_id in self._under_way:
            return
        update = read_update(raw)
        if update.unreadable:
            log.error("update.unreadable", update=update_id, error=update.unreadable)
            self._done.add(update_id)
            return
        self._clocks.stop(update.button)
        task = asyncio.create_task(self._take(update, self._last_in_chat.get(update.address)))
        self._under_way[update_id] = self._last_in_chat[update.address] = task
        task.add_done_callback(lambda ended: self._ended(update_id, update.address, ended))

    def _ended(self, update_id: int, address: str, task: asyncio.Task[None]) -> None:
        del self._under_way[update_id]
        if self._last_in_chat.get(address) is task:
            del self._last_in_chat[address]
        if not task.cancelled():
            self._done.add(update_id)

    def _advance(self) -> None:
        if self._under_way:
            self._offset = min(self._under_way)
        elif self._done:
            self._offset = max(self._done) + 1
        self._done = {update_id for update_id in self._done if update_id >= (self._offset or 0)}

    async def _take(self, update: Arrived, earlier: asyncio.Task[None] | None) -> None:
        if earlier is not None:
            await asyncio.wait({earlier})
        tries = 0
        for turn in count():
            try:
                await self._bring(update)
                return
            except DATABASE_TROUBLE as error:
                log.warning("update.not_taken_yet", error=type(error).__name__)
            except Exception as error:
                tries += 1
                log.warning("update.failed", update=update.update_id, tries=tries, **whereabouts(error))
            if tries >= TRIES and await self._give_up(update):
                return
            await asyncio.sleep(_nth(self._pace.retry_s, turn))

    async def _bring(self, update: Arrived) -> None:
        if update.blocked is not None:
            await self._membership(update.address, update.update_id, update.blocked)
        elif update.incoming is not None:
            await self._handle(update.incoming)

    async def _give_up(self, update: Arrived) -> bool:
        """Whether the update may be skipped."""
        try:
            if update.incoming is not None:
                await self._on_poison(update.incoming)
        except Exception as error:
            log.error("update.not_skipped", update=update.update_id, **whereabouts(error))
            return False
        log.error("update.skipped", update=update.update_id)
        return True

    def _pause(self, error: Exception, failures: int) -> float:
        pause = _nth(self._pace.back_off_s, failures)
        if isinstance(error, RetryAfter):
            wait = error.retry_after
            return max(pause, wait if isinstance(wait, int) else wait.total_seconds())
        return pause


def _in_words(error: Exception) -> str:
    if isinstance(error, Conflict):
        return (
            "another program reads this bot's updates, or has set a webhook for it: stop the other one; "
            "Telegram gives updates to one reader only"
        )
    if isinstance(error, InvalidToken | EndPointNotFound):
        return "Telegram does not accept the bot token: check TELEGRAM_BOT_TOKEN"
    if isinstance(error, RetryAfter):
        return "Telegram asks us to slow down"
    return "Telegram cannot be reached or is in trouble: trying again"


def _nth(delays: Sequence[float], index: int) -> float:
    return delays[min(index, len(delays) - 1)]


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
