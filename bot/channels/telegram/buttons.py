"""The little clock on a button that was tapped: stopped at once, beside everything else."""

from __future__ import annotations

import asyncio

import structlog
from telegram import Bot
from telegram.error import TelegramError

log = structlog.get_logger(__name__)


class ButtonClocks:
    """Acknowledges taps. Nothing depends on it, so its errors are nobody's."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._answers: set[asyncio.Task[None]] = set()

    def stop(self, tap: str) -> None:
        """Stop the clock of this tap (Telegram's callback query id); "" is no tap."""
        if tap:
            task = asyncio.create_task(self._answer(tap))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def close(self) -> None:
        """Break off what is still under way."""
        for task in self._answers:
            task.cancel()
        await asyncio.gather(*self._answers, return_exceptions=True)

    async def _answer(self, tap: str) -> None:
        try:
            await self._bot.answer_callback_query(tap)
        except TelegramError as error:
            log.debug("callback_query.unanswered", error=type(error).__name__)
