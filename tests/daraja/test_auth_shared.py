"""The access token shared by several processes: who may mint, who waits, and who goes on when a mint fails."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import httpx
import pytest

from daraja import DarajaAuth, MemoryTokenStore, Token, TokenUnavailable
from tests.daraja.host import LIVE_TOKEN, NOW, Answer, Host, heard, now, push, wire

ACCEPTED: Answer = (200, wire("push_accepted"))
STALE: Answer = (404, wire("error_token_refused"))


class Shared(MemoryTokenStore):
    """One process's door to a store that several share."""

    def __init__(self, beside: Shared | None = None) -> None:
        super().__init__()
        self.kept: MemoryTokenStore = beside.kept if beside else MemoryTokenStore()
        self.claims: list[Shared] = beside.claims if beside else []
        self.asked = 0
        self.refused: asyncio.Event = beside.refused if beside else asyncio.Event()

    async def load(self) -> Token | None:
        return await self.kept.load()

    async def claim(self) -> bool:
        self.asked += 1
        if not self.claims:
            self.claims.append(self)
        if self.claims != [self]:
            self.refused.set()
        return self.claims == [self]

    async def save(self, token: Token) -> None:
        await self.kept.save(token)
        self.claims.remove(self)

    async def give_up(self) -> None:
        self.claims.remove(self)

    async def forget(self, value: str) -> None:
        await self.kept.forget(value)


async def at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


async def a_mint() -> Token:
    return LIVE_TOKEN


async def call(auth: DarajaAuth, host: Host) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(host), base_url="http://daraja") as http:
        return await http.post("/", json={}, auth=auth)


async def test_two_processes_mint_once() -> None:
    one, host = Shared(), Host(minting=asyncio.Event())
    two = Shared(one)
    host.answers.extend([ACCEPTED] * 50)
    assert host.minting is not None
    async with host.client(token_store=one) as first, host.client(token_store=two) as second:
        pushes = [push(client) for client in (first, second) for _ in range(25)]
        pushing = asyncio.gather(*pushes)
        await one.refused.wait()
        host.minting.set()
        await pushing
    assert host.minted == 1
    assert {post.token for post in host.posts} == {"minted-1"}
    assert one.claims == []


async def test_a_refused_token_is_replaced_once_for_two_processes() -> None:
    one, host = Shared(), Host(together=asyncio.Barrier(20))
    two = Shared(one)
    await one.kept.save(LIVE_TOKEN)
    host.answers.extend([STALE] * 20 + [ACCEPTED] * 20)
    async with host.client(token_store=one) as first, host.client(token_store=two) as second:
        await asyncio.gather(*(push(client) for client in (first, second) for _ in range(10)))
    assert host.minted == 1
    assert [post.token for post in host.posts[20:]] == ["minted-1"] * 20


async def test_who_waits_for_another_process_in_vain_sends_nothing() -> None:
    store, host = Shared(), Host()
    store.claims.append(Shared(store))
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    auth = DarajaAuth(a_mint, clock=now, store=store, sleep=sleep)
    for attempt in (call(auth, host), auth.renew()):
        waits.clear()
        with pytest.raises(TokenUnavailable, match="another process"):
            await attempt
        assert 10 < sum(waits) < 15
    assert host.posts == []


async def test_a_token_saved_just_before_our_claim_is_used() -> None:
    class Late(Shared):
        async def claim(self) -> bool:
            await self.kept.save(Token("from-elsewhere", LIVE_TOKEN.expires_at))
            return await super().claim()

    store, host = Late(), Host()
    host.answers.append(ACCEPTED)
    async with host.client(token_store=store) as client:
        await push(client)
    assert host.minted == 0
    assert host.posts[0].token == "from-elsewhere"
    assert store.claims == []


async def test_a_mint_that_failed_lets_the_next_process_try() -> None:
    one, host = Shared(), Host()
    host.oauth.append((503, b"<html>busy</html>"))
    host.answers.append(ACCEPTED)
    async with host.client(token_store=one) as first, host.client(token_store=Shared(one)) as second:
        with pytest.raises(TokenUnavailable):
            await push(first)
        await push(second)
    assert [post.token for post in host.posts] == ["minted-2"]


async def test_a_caller_cancelled_while_minting_lets_the_next_process_try() -> None:
    one, host = Shared(), Host(minting=asyncio.Event())
    host.answers.append(ACCEPTED)
    assert host.minting is not None
    async with host.client(token_store=one) as first, host.client(token_store=Shared(one)) as second:
        cancelled = asyncio.create_task(push(first))
        await host.asked.wait()
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert one.claims == []
        host.minting.set()
        await push(second)
    assert len(host.posts) == 1


async def test_a_store_that_cannot_end_the_claim_does_not_hide_why_there_is_no_token() -> None:
    class Stubborn(Shared):
        async def give_up(self) -> None:
            raise OSError("disk full")

    host = Host()
    host.oauth.append((400, wire("token_bad_authentication")))
    with heard() as lines:
        async with host.client(token_store=Stubborn()) as client:
            with pytest.raises(TokenUnavailable) as caught:
                await push(client)
    assert caught.value.code == "400.008.01"
    said = [line.getMessage() for line in lines if line.levelno >= logging.INFO]
    assert said == ["token.claim_not_ended"]


async def test_while_mpesa_takes_its_time_the_claim_is_made_again() -> None:
    class Shaky(Shared):
        async def claim(self) -> bool:
            claimed = await super().claim()
            if self.asked == 3:
                raise OSError("the line is down")
            if self.asked == 5:
                enough.set()
            return claimed

    enough, store = asyncio.Event(), Shaky()

    async def mint() -> Token:
        await asyncio.wait_for(enough.wait(), 20)
        return LIVE_TOKEN

    assert await DarajaAuth(mint, clock=now, store=store, sleep=at_once).renew() == LIVE_TOKEN
    assert store.claims == []
    asked = store.asked
    for _ in range(10):
        await asyncio.sleep(0)
    assert store.asked == asked


async def test_a_token_is_renewed_however_good_the_present_one_is() -> None:
    store, host = Shared(), Host()
    await store.kept.save(LIVE_TOKEN)
    host.answers.append(ACCEPTED)
    async with host.client(token_store=store) as client:
        token = await client.renew_token()
        assert (token.value, token.expires_at) == ("minted-1", NOW + timedelta(seconds=3599))
        await push(client)
    assert host.minted == 1
    assert host.posts[0].token == "minted-1"
    assert store.claims == []
