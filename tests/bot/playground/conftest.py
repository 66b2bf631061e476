"""The stand-in on a real socket, the real Bot in front of it, and Amina behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Update

from bot.channels.telegram.bot import make_bot
from bot.playground import PLAYGROUND_TOKEN, BotApi, BotApiServer, Person

ALLOWED = ["message", "callback_query", "my_chat_member"]


class Stage:
    """The stand-in on a port, the real Bot in front of it, and Amina behind it."""

    def __init__(self, api: BotApi, url: str, bot: Bot) -> None:
        self.api = api
        self.url = url
        self.bot = bot
        self.amina = api.person(41, "Amina", "254700000041")

    async def updates(self, offset: int | None = None) -> tuple[Update, ...]:
        return await self.bot.get_updates(offset=offset, timeout=0, allowed_updates=ALLOWED)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(BotApiServer(BotApi(per_second=5)))
        bot = await stack.enter_async_context(make_bot(PLAYGROUND_TOKEN, server.url))
        yield Stage(server.api, server.url, bot)


@pytest.fixture
def amina(stage: Stage) -> Person:
    stage.amina.say("/start")
    return stage.amina


def buttons(*labels: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(label, callback_data=f"7:{label.lower()}")] for label in labels]
    )
