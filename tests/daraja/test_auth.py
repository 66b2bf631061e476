"""The access token: single flight, kept, shared, replaced once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from daraja import (
    MemoryTokenStore,
    StkAccepted,
    Token,
    TokenRefused,
)
from tests.daraja.host import CHECKOUT, LIVE_TOKEN, NOW, Answer, Host, push, wire

ACCEPTED: Answer = (200, wire("push_accepted"))
STALE: Answer = (404, wire("error_token_refused"))


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


async def test_fifty_first_pushes_share_one_token() -> None:
    host = Host()
    host.answers.extend([ACCEPTED] * 50)
    async with host.client() as client:
        await asyncio.gather(*(push(client) for _ in range(50)))
    assert host.minted == 1
    assert {post.token for post in host.posts} == {"minted-1"}


async def test_a_token_is_kept_until_a_minute_before_its_end() -> None:
    watch, host = Watch(), Host()
    host.answers.extend([ACCEPTED] * 3)
    async with host.client(clock=watch) as client:
        await push(client)
        watch.at = NOW + timedelta(seconds=3599 - 61)
        await push(client)
        assert host.minted == 1
        watch.at = NOW + timedelta(seconds=3599 - 60)
        await push(client)
    assert [post.token for post in host.posts] == ["minted-1", "minted-1", "minted-2"]


@pytest.mark.parametrize(
    "answer", [STALE, (401, wire("error_token_refused_by_product")), (200, STALE[1]), (500, STALE[1])]
)
async def test_a_refused_token_is_replaced_once_and_the_call_sent_once_more(answer: Answer) -> None:
    host = Host()
    host.answers.extend([answer, ACCEPTED])
    async with host.client() as client:
        assert isinstance(await push(client), StkAccepted)
    assert [post.token for post in host.posts] == ["minted-1", "minted-2"]
    assert host.posts[0].body == host.posts[1].body


async def test_a_fresh_token_refused_as_well_ends_it_after_two_posts() -> None:
    host = Host()
    host.answers.extend([STALE, STALE])
    async with host.client() as client:
        with pytest.raises(TokenRefused) as caught:
            await push(client)
        assert (host.minted, len(host.posts)) == (2, 2)
        assert caught.value.code == "404.001.03"
        assert not caught.value.money_may_have_moved
        host.answers.append(ACCEPTED)
        await push(client)
    assert host.posts[-1].token == "minted-3"  # the refused one is not kept


async def test_a_refused_token_is_replaced_for_a_query_too() -> None:
    host = Host()
    host.answers.extend([STALE, (200, wire("query_paid"))])
    async with host.client() as client:
        assert (await client.stk_query(CHECKOUT)).outcome == "paid"
    assert len(host.posts) == 2


async def test_nothing_but_a_refused_token_is_sent_again() -> None:
    for name in (
        "error_wrong_credentials",
        "error_busy",
        "error_spike_arrest",
        "error_internal",
        "error_locked",
    ):
        host = Host()
        host.answers.append((500, wire(name)))
        async with host.client() as client:
            with pytest.raises(Exception, match="HTTP 500"):
                await push(client)
        assert len(host.posts) == 1


async def test_many_refused_at_once_share_one_new_token() -> None:
    store, host = MemoryTokenStore(), Host(together=asyncio.Barrier(20))
    await store.save(LIVE_TOKEN)
    host.answers.extend([STALE] * 20 + [ACCEPTED] * 20)
    async with host.client(token_store=store) as client:
        await asyncio.gather(*(push(client) for _ in range(20)))
    assert host.minted == 1
    assert [post.token for post in host.posts[20:]] == ["minted-1"] * 20


async def test_a_token_that_another_process_saved_meanwhile_is_used() -> None:
    class Shared(MemoryTokenStore):
        loads = 0

        async def load(self) -> Token | None:
            self.loads += 1
            if self.loads == 2:
                await self.save(Token("from-elsewhere", LIVE_TOKEN.expires_at))
            return await super().load()

    store, host = Shared(), Host()
    await store.save(LIVE_TOKEN)
    host.answers.extend([STALE, ACCEPTED])
    async with host.client(token_store=store) as client:
        await push(client)
    assert host.minted == 0
    assert [post.token for post in host.posts] == ["kept-token", "from-elsewhere"]


async def test_forgetting_leaves_another_token_alone() -> None:
    store = MemoryTokenStore()
    await store.save(LIVE_TOKEN)
    await store.forget("another")
    assert await store.load() == LIVE_TOKEN
    await store.forget("kept-token")
    assert await store.load() is None


async def test_a_store_that_cannot_forget_does_not_hide_mpesas_answer() -> None:
    class Stubborn(MemoryTokenStore):
        async def forget(self, value: str) -> None:
            if value.startswith("minted"):
                raise OSError("disk full")

    host = Host()
    host.answers.extend([STALE, STALE])
    store = Stubborn()
    await store.save(LIVE_TOKEN)
    async with host.client(token_store=store) as client:
        with pytest.raises(TokenRefused):
            await push(client)
