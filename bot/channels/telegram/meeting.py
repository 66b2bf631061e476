"""The first word with Telegram: who are we, what are our commands. Waited for, however long it takes."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from itertools import chain, repeat

import structlog
from telegram import Bot
from telegram.error import InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.channels.telegram.bot import make_bot
from bot.channels.telegram.commands import set_commands

log = structlog.get_logger(__name__)

AGAIN_AFTER_S = (1.0, 2.0, 5.0, 10.0, 30.0)


class UnknownBotToken(Exception):
    """Telegram knows no bot with this token."""


async def meet(bot: Bot, stack: AsyncExitStack, stop: asyncio.Event) -> bool:
    """Open the bot on the stack and set its commands. False: `stop` was set before Telegram could be reached.

    Raises UnknownBotToken.
    """
    stack.push_async_callback(bot.shutdown)
    stopping = asyncio.create_task(stop.wait())
    stack.callback(stopping.cancel)
    for wait_s in chain(AGAIN_AFTER_S, repeat(AGAIN_AFTER_S[-1])):
        meeting = asyncio.create_task(_introduce(bot))
        await asyncio.wait({meeting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not meeting.done():  # Telegram keeps silent, and nobody wants to hear it any more
            meeting.cancel()
            await asyncio.wait({meeting})
            return False
        try:
            meeting.result()
        except InvalidToken as error:
            raise UnknownBotToken from error
        except (NetworkError, RetryAfter) as error:
            log.warning("telegram.unreachable", kind=type(error).__name__, again_in_s=wait_s)
            await asyncio.wait({stopping}, timeout=wait_s)
        else:
            return True
        if stop.is_set():
            return False
    return False


async def _introduce(bot: Bot) -> None:
    await bot.initialize()
    await set_commands(bot)


async def username_of(token: str, api_url: str) -> str | None:
    """The bot's name, for its t.me links; None when Telegram cannot be asked."""
    if not token:
        return None
    try:
        async with make_bot(token, api_url) as bot:
            return bot.username
    except TelegramError:
        return None
