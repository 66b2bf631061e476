"""The first word with Telegram: who are we, what are our commands. Waited for, however long it takes."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
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
    for wait_s in chain(AGAIN_AFTER_S, repeat(AGAIN_AFTER_S[-1])):
        try:
            await stack.enter_async_context(bot)
            await set_commands(bot)
        except InvalidToken as error:
            raise UnknownBotToken from error
        except (NetworkError, RetryAfter) as error:
            log.warning("telegram.unreachable", kind=type(error).__name__, again_in_s=wait_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait_s)
        else:
            return True
        if stop.is_set():
            return False
    return False


async def username_of(token: str, api_url: str) -> str | None:
    """The bot's name, for its t.me links; None when Telegram cannot be asked."""
    if not token:
        return None
    try:
        async with make_bot(token, api_url) as bot:
            return bot.username
    except TelegramError:
        return None
