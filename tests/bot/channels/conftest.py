"""The Bot API stand-in on a real socket, the real Bot in front of it, and a parent behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from telegram import Bot

from bot.channels.telegram.bot import make_bot
from bot.playground import PLAYGROUND_TOKEN, BotApi, BotApiServer, Person


@dataclass
class Stage:
    """url: where the stand-in listens."""

    api: BotApi
    url: str
    bot: Bot = field(repr=False)
    amina: Person


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(BotApiServer())
        bot = await stack.enter_async_context(make_bot(PLAYGROUND_TOKEN, server.url, timeout_s=5))
        yield Stage(server.api, server.url, bot, server.api.person(41, "Amina", "254700000041"))
