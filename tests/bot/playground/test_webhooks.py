"""The Bot API stand-in brings updates to a webhook as Telegram does: kept until taken, in nobody's order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram.error import BadRequest, Conflict

from bot.playground import Person
from bot.playground.serving import serving
from bot.playground.signals import Signal
from tests.bot.playground.conftest import ALLOWED, Stage


@dataclass
class Hook:
    """Somebody's webhook: answers as it is told to, and remembers what it was brought."""

    url: str = ""
    status: int = 200
    posts: list[tuple[int, str | None]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    open_gate: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: int = 0
    signal: Signal = field(default_factory=Signal)

    async def brought(self, request: Request) -> Response:
        update = await request.json()
        self.posts.append((update["update_id"], request.headers.get("X-Telegram-Bot-Api-Secret-Token")))
        self.texts.append(update.get("message", {}).get("text", ""))
        self.at_once += 1
        self.signal.ring()
        await self.open_gate.wait()
        self.at_once -= 1
        return Response(status_code=self.status)

    async def until_posts(self, count: int) -> None:
        await self.signal.until(lambda: len(self.posts) >= count, 10)


@asynccontextmanager
async def hooked(hook: Hook, port: int = 0) -> AsyncIterator[Hook]:
    app = Starlette(routes=[Route("/hook", hook.brought, methods=["POST"])])
    async with serving(app, port) as base:
        hook.url = f"{base}/hook"
        yield hook


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    hook.open_gate.set()
    async with hooked(hook):
        yield hook


async def test_updates_are_brought_with_the_secret_and_then_gone(
    stage: Stage, hook: Hook, amina: Person
) -> None:
    assert await stage.bot.set_webhook(hook.url, secret_token="siri_ya-1", allowed_updates=ALLOWED)
    amina.say("habari")
    await stage.api.until(lambda: stage.api.unconfirmed == [])
    assert sorted(hook.texts) == ["/start", "habari"]
    assert {secret for _, secret in hook.posts} == {"siri_ya-1"}
    assert len({update_id for update_id, _ in hook.posts}) == len(hook.posts) == 2


async def test_without_a_secret_there_is_no_header(stage: Stage, hook: Hook, amina: Person) -> None:
    await stage.bot.set_webhook(hook.url)
    await hook.until_posts(1)
    assert hook.posts[0][1] is None


async def test_what_is_not_taken_is_brought_again(stage: Stage, hook: Hook, amina: Person) -> None:
    hook.status = 503
    await stage.bot.set_webhook(hook.url)
    await hook.until_posts(3)
    assert len(stage.api.unconfirmed) == 1
    assert stage.api.webhook_error == "Wrong response from the webhook: 503 Service Unavailable"
    info = await stage.bot.get_webhook_info()
    assert (info.pending_update_count, info.last_error_message) == (1, stage.api.webhook_error)
    hook.status = 200
    await stage.api.until(lambda: stage.api.unconfirmed == [])
    assert len({update_id for update_id, _ in hook.posts}) == 1


async def test_what_waits_is_kept_while_the_hook_is_unreachable(stage: Stage, amina: Person) -> None:
    hook = Hook()
    hook.open_gate.set()
    async with hooked(hook):
        port = int(hook.url.split(":")[2].split("/")[0])
    await stage.bot.set_webhook(hook.url)
    await stage.api.until(lambda: "no answer" in stage.api.webhook_error)
    assert len(stage.api.unconfirmed) == 1
    async with hooked(hook, port):
        await stage.api.until(lambda: stage.api.unconfirmed == [])
    assert hook.texts == ["/start"]


async def test_at_most_so_many_are_brought_at_a_time(stage: Stage, hook: Hook, amina: Person) -> None:
    hook.open_gate.clear()
    for number in range(5):
        amina.say(str(number))
    await stage.bot.set_webhook(hook.url, max_connections=3)
    await hook.until_posts(3)
    assert hook.at_once == 3
    hook.open_gate.set()
    await stage.api.until(lambda: stage.api.unconfirmed == [])
    assert len(hook.posts) == 6


async def test_a_later_update_may_be_brought_before_an_earlier_one(
    stage: Stage, hook: Hook, amina: Person
) -> None:
    stage.api.hold_updates()
    await stage.bot.set_webhook(hook.url, max_connections=1)
    amina.say("pili")
    amina.say("tatu")
    assert hook.posts == []
    stage.api.bring_updates(backwards=True)
    await stage.api.until(lambda: stage.api.unconfirmed == [])
    assert hook.texts == ["tatu", "pili", "/start"]


async def test_an_update_may_be_brought_again_though_it_was_taken(
    stage: Stage, hook: Hook, amina: Person
) -> None:
    stage.api.hold_updates()
    await stage.bot.set_webhook(hook.url)
    stage.api.bring_updates(copies=3)
    await stage.api.until(lambda: stage.api.unconfirmed == [])
    assert len(hook.posts) == 3
    assert len({update_id for update_id, _ in hook.posts}) == 1


async def test_deleting_it_keeps_what_waits_for_those_who_ask(
    stage: Stage, hook: Hook, amina: Person
) -> None:
    hook.status = 500
    await stage.bot.set_webhook(hook.url)
    await hook.until_posts(1)
    with pytest.raises(Conflict, match="webhook is active"):
        await stage.updates()
    await stage.bot.delete_webhook(drop_pending_updates=False)
    brought = len(hook.posts)
    (update,) = await stage.updates()
    assert update.message
    assert update.message.text == "/start"
    assert len(hook.posts) == brought
    assert (await stage.bot.get_webhook_info()).url == ""


async def test_what_waits_is_dropped_only_when_that_is_said(stage: Stage, hook: Hook, amina: Person) -> None:
    await stage.bot.set_webhook(hook.url, drop_pending_updates=True)
    assert stage.api.unconfirmed == []
    assert hook.posts == []


async def test_setting_one_sends_away_who_waits_in_a_long_poll(stage: Stage, hook: Hook) -> None:
    polling = asyncio.create_task(stage.bot.get_updates(timeout=30))
    await stage.api.until(lambda: bool(stage.api.calls_of("getUpdates")))
    await stage.bot.set_webhook(hook.url)
    with pytest.raises(Conflict, match="terminated by setWebhook"):
        await polling


async def test_what_was_set_can_be_asked_for_but_the_secret(stage: Stage, hook: Hook) -> None:
    assert (await stage.bot.get_webhook_info()).allowed_updates == ()
    await stage.bot.set_webhook(hook.url, secret_token="siri", allowed_updates=ALLOWED, max_connections=7)
    info = await stage.bot.get_webhook_info()
    assert (info.url, info.max_connections, info.allowed_updates) == (hook.url, 7, tuple(ALLOWED))
    assert "siri" not in info.to_json()


@pytest.mark.parametrize("url", ["http://karo.school.ac.ke/hook", "ftp://127.0.0.1/hook", "karo"])
async def test_an_address_without_tls_is_taken_on_this_machine_only(stage: Stage, url: str) -> None:
    with pytest.raises(BadRequest, match=r"(?i)https url must be provided"):
        await stage.bot.set_webhook(url)


async def test_an_address_elsewhere_is_never_called(stage: Stage, amina: Person) -> None:
    await stage.bot.set_webhook("https://karo.school.ac.ke/telegram")
    await stage.api.until(lambda: stage.api.webhook_error == "Connection timed out")
    assert len(stage.api.unconfirmed) == 1


@pytest.mark.parametrize("secret", ["with blank", "ä", "x" * 257])
async def test_a_secret_of_other_letters_is_refused(stage: Stage, hook: Hook, secret: str) -> None:
    with pytest.raises(BadRequest, match="unallowed characters"):
        await stage.bot.set_webhook(hook.url, secret_token=secret)
