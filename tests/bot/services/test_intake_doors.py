"""From people's phones through two web doors to one conversation each: Telegram's stand-in brings what they write."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.channels.telegram import make_bot, set_webhook, webhook_secrets, webhook_url
from bot.playground import PLAYGROUND_TOKEN, BotApi, BotApiServer
from bot.services.background import Background
from bot.web.server import serving
from bot.web.updates import telegram_route
from storage.opening import open_database
from tests.bot.services.counter import Clock
from tests.bot.services.intaking import Process, processes, states, stored_order, taken_order
from tests.databases import ENGINES, MASTER_KEY, drop_postgres


@pytest.fixture(params=sorted(ENGINES))
async def crew(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[Process]]:
    """Two processes: on PostgreSQL with a database of their own each, on SQLite with one."""
    url = ENGINES[request.param](tmp_path)
    opened = [open_database(url, [MASTER_KEY]) for _ in range(2 if request.param == "postgres" else 1)]
    yield await processes([opened[0], opened[-1]], Clock())
    for database in opened:
        database.close()
    if request.param == "postgres":
        drop_postgres(url)


def in_turn(doors: Sequence[ASGIApp]) -> ASGIApp:
    """A balancer before them."""
    turns = itertools.cycle(doors)

    async def balanced(scope: Scope, receive: Receive, send: Send) -> None:
        await next(turns)(scope, receive, send)

    return balanced


def door(process: Process, background: Background, secrets: tuple[str, str]) -> ASGIApp:
    """The process's web door."""

    def begin(address: str) -> None:
        async def work() -> None:
            await process.intake.work("telegram", address)

        background.start(work())

    return Starlette(routes=[telegram_route(*secrets, process.intake.store, begin)])


async def test_forty_updates_by_two_doors_backwards_and_twice_are_each_answered_once(
    crew: list[Process],
) -> None:
    api, background = BotApi(), Background(done=lambda: None)
    secrets = webhook_secrets(PLAYGROUND_TOKEN, crew[0].database.vault.hash)
    assert secrets == webhook_secrets(PLAYGROUND_TOKEN, crew[1].database.vault.hash)
    doors = [door(process, background, (secrets.path, secrets.header)) for process in crew]
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(BotApiServer(api))
        karo = await stack.enter_async_context(serving(in_turn(doors), "127.0.0.1", 0))
        bot = await stack.enter_async_context(make_bot(PLAYGROUND_TOKEN, telegram.url))
        api.hold_updates()
        for number in range(8):
            person = api.person(50 + number)
            for words in ("/start", "/help", "habari", "1", "/balance"):
                person.say(words)
        await set_webhook(bot, webhook_url(karo, secrets), secrets.header)
        api.bring_updates(backwards=True, copies=2)
        await api.until(lambda: api.unconfirmed == [], 60)
        assert api.webhook_error == ""
    await background.finish(30)
    for process in crew:
        await process.intake.tick()

    stored = await stored_order(crew[0].database)
    assert {address: len(ids) for address, ids in stored.items()} == {str(50 + n): 5 for n in range(8)}
    assert await taken_order(crew[0].database) == stored
    assert set((await states(crew[0].database)).values()) == {"done"}
    assert sum(len(process.stored) for process in crew) == 40
