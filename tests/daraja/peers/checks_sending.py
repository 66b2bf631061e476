"""Checks of what leaves, how often, and over how many connections. Each takes a kind of client, and says by an
AssertionError that it has the fault.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from daraja import AnswerLost, Credentials, DarajaError, NeverSent, Refused, StkAccepted
from daraja.simulator import SimulatorConfig, SimulatorServer
from tests.daraja.host import CREDENTIALS, push
from tests.daraja.peers.host import LOCKED, PAGE_503, WRONG, PeerHost, accept, slowly
from tests.daraja.peers.peer import Peer, opened, outcome
from tests.daraja.sockets import kept_token, silence

SHORT_S = 0.1


async def sent_once_when_late(peer: Peer) -> None:
    """Nobody knows what became of it: one POST, and an error that says so."""
    async with PeerHost(*[silence] * 4) as host:
        async with opened(peer, host, timeout_s=SHORT_S, token_store=await kept_token()) as client:
            ended = await outcome(push(client))
        assert len(host.posts) <= 1
    assert type(ended) is AnswerLost
    assert ended.money_may_have_moved
    assert not ended.safe_to_retry


async def no_header_is_trusted(peer: Peer) -> None:
    """M-PESA knows no idempotency key, so none is sent, and nothing is built upon one."""
    async with PeerHost(*[silence] * 4) as host:
        async with opened(peer, host, timeout_s=SHORT_S) as client:
            await outcome(push(client))
        assert len(host.posts) <= 1
        assert not [name for seen in host.seen for name in seen.headers if "idempoten" in name]


async def wrong_credentials_once(peer: Peer) -> None:
    """They stay wrong."""
    async with PeerHost(*[WRONG] * 4) as host:
        async with opened(peer, host) as client:
            ended = await outcome(push(client))
        assert len(host.posts) == 1
    assert isinstance(ended, Refused)
    assert ended.cause == "wrong_credentials"
    assert not ended.safe_to_retry


async def locked_subscriber_once(peer: Peer) -> None:
    """The page says: wait a minute."""
    async with PeerHost(*[LOCKED] * 4) as host:
        async with opened(peer, host) as client:
            ended = await outcome(push(client))
        assert len(host.posts) == 1
    assert isinstance(ended, Refused)
    assert (ended.retry_after_s or 0) >= 60


async def gateways_page_once(peer: Peer) -> None:
    """Behind it the push may have been taken."""
    async with PeerHost(*[PAGE_503] * 4) as host:
        async with opened(peer, host) as client:
            ended = await outcome(push(client))
        assert len(host.posts) == 1
    assert isinstance(ended, DarajaError)
    assert not ended.safe_to_retry


async def gateways_page_is_lost(peer: Peer) -> None:
    """An error of the client's own, that keeps the status."""
    async with PeerHost(PAGE_503) as host, opened(peer, host) as client:
        ended = await outcome(push(client))
    assert isinstance(ended, AnswerLost)
    assert ended.http_status == 503
    assert "Service Unavailable" in ended.page


async def gateways_page_is_no_connection(peer: Peer) -> None:
    """To say that nothing was sent is to invite a second push."""
    async with PeerHost(PAGE_503) as host, opened(peer, host) as client:
        ended = await outcome(push(client))
    assert not isinstance(ended, NeverSent | ConnectionError)
    assert isinstance(ended, DarajaError)
    assert ended.money_may_have_moved


async def paying_again_rings_again(peer: Peer) -> None:
    """After a cancelled prompt the same push is another push."""
    async with PeerHost() as host:
        async with opened(peer, host) as client:
            ended = [await outcome(push(client)), await outcome(push(client))]
        assert len(host.posts) == 2
    ids = [each.checkout_request_id for each in ended if isinstance(each, StkAccepted)]
    assert len(set(ids)) == 2


async def asks_again_after_refusal(peer: Peer) -> None:
    """A refusal tells when another try helps, and that try is sent."""
    async with PeerHost(LOCKED) as host:
        async with opened(peer, host) as client:
            refused = await outcome(push(client))
            again = await outcome(push(client))
        assert len(host.posts) == 2
    assert isinstance(refused, Refused)
    assert (refused.safe_to_retry, refused.retry_after_s) == (True, 60)
    assert isinstance(again, StkAccepted)


async def pushes_share_a_connection(peer: Peer) -> None:
    """A handshake for each push costs more than all the rest."""
    async with PeerHost() as host:
        async with opened(peer, host) as client:
            for _ in range(5):
                assert isinstance(await outcome(push(client)), StkAccepted)
        assert {seen.connection for seen in host.seen} == {1}


async def silent_host_is_given_up(peer: Peer) -> None:
    """The time limit is far over: its timer stood before ours on the same loop."""
    async with (
        PeerHost(silence) as host,
        opened(peer, host, timeout_s=SHORT_S, token_store=await kept_token()) as client,
    ):
        ending = asyncio.create_task(outcome(push(client)))
        arrived = asyncio.create_task(host.posted.wait())
        await asyncio.wait({ending, arrived}, return_when=asyncio.FIRST_COMPLETED)
        arrived.cancel()
        await asyncio.sleep(3 * SHORT_S)
        for _ in range(100):  # what its end still has to do
            await asyncio.sleep(0)
        given_up = ending.done()
        ending.cancel()
        await asyncio.wait({ending})
    assert given_up


async def many_at_once(peer: Peer) -> None:
    """Nobody waits for another's answer."""
    async with PeerHost(*[slowly(accept(number)) for number in range(8)]) as host:
        async with opened(peer, host, token_store=await kept_token()) as client:
            ended = await asyncio.gather(*(outcome(push(client)) for _ in range(8)))
        assert host.most_at_once > 1
    assert all(isinstance(each, StkAccepted) for each in ended)


async def works_on_this_machine(peer: Peer) -> None:
    """A local Daraja is an address like any other."""
    async with PeerHost() as host:
        try:
            client = peer(CREDENTIALS, base_url=host.url)
        except Exception as error:
            raise AssertionError("no client for a Daraja on this machine") from error
        async with client:
            assert isinstance(await outcome(push(client)), StkAccepted)


async def found_by_asking(peer: Peer) -> None:
    """M-PESA took the money and told nobody."""
    own = SimulatorConfig(prompt_s=0, callback_delay_s=0)
    credentials = Credentials(own.consumer_key, own.consumer_secret, own.shortcode, own.passkey)
    silent = "254712349002"
    async with SimulatorServer(own) as server, peer(credentials, base_url=server.url) as client:
        accepted = await push(client, party_a=silent, phone_number=silent)
        await server.simulator.settle_all()
        assert len(server.simulator.books.movements) == 1
        assert server.simulator.callbacks == []
        result = await outcome(client.stk_query(accepted.checkout_request_id))
    assert getattr(result, "outcome", None) == "paid"


async def tenants_are_apart(peer: Peer) -> None:
    """Two schools in one process, at one M-PESA."""
    theirs = replace(CREDENTIALS, consumer_key="another-key", shortcode="600000")
    async with PeerHost() as host:
        async with opened(peer, host) as ours, opened(peer, host, credentials=theirs) as other:
            await outcome(push(ours))
            await outcome(push(other))
        first, second = host.posts
        assert host.mints == 2
        assert first.token != second.token
        assert (first.body["BusinessShortCode"], second.body["BusinessShortCode"]) == (174379, 600000)
