"""Checks of the access token: minted once, kept as long as it lives, replaced when it is refused."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from daraja import StkAccepted, TokenRefused
from tests.daraja.host import LIVE_TOKEN, NOW, push, wire
from tests.daraja.peers.host import PeerHost
from tests.daraja.peers.peer import Peer, opened, outcome
from tests.daraja.sockets import answer, kept_token


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        """Time passes."""
        self.at += timedelta(seconds=seconds)


class _All:
    """Every token there may be."""

    def __contains__(self, _: object) -> bool:
        return True


async def one_token_for_fifty(peer: Peer) -> None:
    """They wait for the one who asks."""
    async with PeerHost() as host:
        async with opened(peer, host) as client:
            ended = await asyncio.gather(*(outcome(push(client)) for _ in range(50)))
        assert host.mints == 1
    assert all(isinstance(each, StkAccepted) for each in ended)


async def waits_for_the_token(peer: Peer) -> None:
    """M-PESA takes its time over a token, and nobody fails for it."""
    go_on = asyncio.Event()
    async with PeerHost(minting=go_on) as host, opened(peer, host) as client:
        first = asyncio.create_task(outcome(push(client)))
        await host.asked.wait()
        others = [asyncio.create_task(outcome(push(client))) for _ in range(3)]
        for _ in range(20):
            await asyncio.sleep(0)
        go_on.set()
        ended = await asyncio.gather(first, *others)
    assert all(isinstance(each, StkAccepted) for each in ended)


async def token_is_kept(peer: Peer) -> None:
    """Each new token may end the one before, which another process is using."""
    async with PeerHost() as host:
        async with opened(peer, host) as client:
            for _ in range(3):
                await outcome(push(client))
        assert host.mints == 1
        assert {seen.token for seen in host.posts} == {"minted-1"}


async def replaced_before_its_end(peer: Peer) -> None:
    """A token with half a minute to live may end on its way."""
    watch = Watch()
    async with PeerHost() as host:
        async with opened(peer, host, clock=watch) as client:
            await outcome(push(client))
            watch.forward(3599 - 30)
            await outcome(push(client))
        assert [seen.token for seen in host.posts] == ["minted-1", "minted-2"]


async def lives_as_told(peer: Peer) -> None:
    """Ten minutes are ten minutes, and a day later there is another token."""
    watch = Watch()
    async with PeerHost(expires_in="600") as host:
        async with opened(peer, host, clock=watch) as client:
            for seconds in (0, 500, 100, 86_400):
                watch.forward(seconds)
                await outcome(push(client))
        assert [seen.token for seen in host.posts] == ["minted-1", "minted-1", "minted-2", "minted-3"]


async def refused_token_is_replaced(peer: Peer) -> None:
    """That call surely did nothing: one new token, one more try."""
    async with PeerHost(refused={LIVE_TOKEN.value}) as host:
        async with opened(peer, host, token_store=await kept_token()) as client:
            ended = await outcome(push(client))
        assert [seen.token for seen in host.posts] == ["kept-token", "minted-1"]
    assert isinstance(ended, StkAccepted)


async def replaced_once_for_all(peer: Peer) -> None:
    """Ten who meet it at the same time share one new one."""
    together = asyncio.Barrier(10)
    async with PeerHost(refused={LIVE_TOKEN.value}, together=together) as host:
        async with opened(peer, host, token_store=await kept_token()) as client:
            ended = await asyncio.gather(*(outcome(push(client)) for _ in range(10)))
        assert host.mints == 1
    assert all(isinstance(each, StkAccepted) for each in ended)


async def second_refusal_ends_it(peer: Peer) -> None:
    """A new token that is refused was not stale: the product, the environment, the go-live."""
    async with PeerHost(refused=_All()) as host:
        async with opened(peer, host) as client:
            ended = await outcome(push(client))
        assert (host.mints, len(host.posts)) == (2, 2)
    assert isinstance(ended, TokenRefused)
    assert not ended.safe_to_retry


async def reason_is_kept(peer: Peer) -> None:
    """Some products say why, and only that parts the causes."""
    said = answer(401, wire("error_token_refused_by_product"))
    async with PeerHost(said, said) as host, opened(peer, host) as client:
        ended = await outcome(push(client))
    assert isinstance(ended, TokenRefused)
    assert "no apiproduct match found" in ended.message
    assert ended.code == "401.003.01"
    assert ended.request_id
