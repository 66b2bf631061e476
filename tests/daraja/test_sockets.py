"""Real sockets on 127.0.0.1: what may have been taken, and how often it was sent."""

from __future__ import annotations

import asyncio

import pytest

from daraja import AnswerLost, StkAccepted, TokenUnavailable
from tests.daraja import sockets
from tests.daraja.host import CHECKOUT, push, wire
from tests.daraja.sockets import (
    Act,
    SocketHost,
    answer,
    failure,
    kept_token,
    nothing_was_sent,
    socket_client,
)

HTML = b"<html><body>Service Unavailable</body></html>"
ACCEPT = answer(200, wire("push_accepted"))
LOST: dict[str, Act] = {
    "closed after the body": sockets.close,
    "reset": sockets.reset,
    "half an answer": sockets.half_an_answer,
    "garbled 200": answer(200, b'{"ResponseCode": "0", "Checkout'),
    "HTML 503": answer(503, HTML, "text/html"),
    "HTML 500": answer(500, HTML, "text/html"),
    "HTML 502": answer(502, HTML, "text/html"),
    "HTML 504": answer(504, HTML, "text/html"),
    "HTML 403 of a firewall": answer(403, HTML, "text/html"),
    "HTML 429": answer(429, HTML, "text/html"),
    "HTML 200": answer(200, HTML, "text/html"),
    "empty 200": answer(200, b""),
    "not HTTP": sockets.not_http,
}


@pytest.mark.parametrize("act", LOST.values(), ids=LOST.keys())
async def test_an_answer_that_breaks_off_is_uncertain_after_exactly_one_post(act: Act) -> None:
    async with SocketHost(act) as server:
        lost = await failure(server.url)
        assert type(lost) is AnswerLost
        assert lost.money_may_have_moved
        assert not lost.safe_to_retry
        assert server.posts == 1


@pytest.mark.parametrize("act", LOST.values(), ids=LOST.keys())
async def test_the_same_on_the_first_use_of_a_connection(act: Act) -> None:
    async with SocketHost(act) as server:
        assert type(await failure(server.url, token_store=await kept_token())) is AnswerLost
        assert server.posts == 1


@pytest.mark.parametrize("name", ["closed after the body", "reset"])
async def test_a_kept_connection_that_dies_under_a_post_never_has_it_sent_again(name: str) -> None:
    """aiohttp silently sends again what fails on a kept connection; it must not do so with a POST."""
    async with SocketHost(LOST[name]) as server:
        assert type(await failure(server.url)) is AnswerLost
        assert [caught.method for caught in server.requests] == ["GET", "POST"]
        assert {caught.connection for caught in server.requests} == {1}
        assert server.connections == 1


async def test_the_same_after_a_push_that_went_well() -> None:
    pushes = 0

    async def first_well_then_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal pushes
        pushes += 1
        await (ACCEPT if pushes == 1 else sockets.close)(reader, writer)

    async with SocketHost(first_well_then_close) as server, socket_client(server.url) as client:
        await push(client)
        with pytest.raises(AnswerLost):
            await push(client)
        assert (server.posts, server.connections) == (2, 1)


async def test_a_query_whose_answer_is_lost_is_not_sent_again_either() -> None:
    async with SocketHost(sockets.close) as server, socket_client(server.url) as client:
        with pytest.raises(AnswerLost):
            await client.stk_query(CHECKOUT)
        assert server.posts == 1


@pytest.mark.parametrize("act", [sockets.silence, sockets.stall_after_half, sockets.drip])
async def test_an_answer_that_does_not_come_in_time_is_uncertain(act: Act) -> None:
    async with SocketHost(act) as server:
        lost = await failure(server.url, token_store=await kept_token(), timeout_s=1.0)
        assert type(lost) is AnswerLost
        assert server.posts == 1


@pytest.mark.parametrize("act", LOST.values(), ids=LOST.keys())
async def test_oauth_that_breaks_off_means_that_no_push_was_sent(act: Act) -> None:
    async with SocketHost(ACCEPT, on_get=act) as server:
        nothing_was_sent(await failure(server.url), TokenUnavailable)
        assert server.posts == 0


async def test_a_refused_token_makes_two_posts_and_no_third() -> None:
    async with SocketHost(answer(404, wire("error_token_refused"))) as server:
        error = await failure(server.url)
        assert error.cause == "token_refused"
        assert [caught.method for caught in server.requests] == ["GET", "POST", "GET", "POST"]


async def test_a_second_try_after_a_refused_token_may_be_lost_as_any_push() -> None:
    posts = 0

    async def first_stale_then_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal posts
        posts += 1
        await (answer(404, wire("error_token_refused")) if posts == 1 else sockets.close)(reader, writer)

    async with SocketHost(first_stale_then_close) as server:
        assert type(await failure(server.url)) is AnswerLost
        assert server.posts == 2


async def test_pushes_share_connections() -> None:
    async with SocketHost(ACCEPT) as server, socket_client(server.url) as client:
        for _ in range(5):
            assert isinstance(await push(client), StkAccepted)
        assert (server.posts, server.connections) == (5, 1)


async def test_a_server_that_closes_after_each_answer_gets_each_push_once() -> None:
    async with SocketHost(answer(200, wire("push_accepted"), keep=False)) as server:
        async with socket_client(server.url) as client:
            for _ in range(3):
                await push(client)
        assert server.posts == 3
