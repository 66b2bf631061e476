"""The way out: what httpx's own client would add is left out, and stays out."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import suppress

import httpx
import pytest

from daraja import AnswerLost, DarajaClient, NeverSent, StkAccepted, TokenUnavailable
from tests.daraja.host import CREDENTIALS, Host, now, push, wire
from tests.daraja.sockets import (
    SocketHost,
    answer,
    closed_port,
    failure,
    kept_token,
    nothing_was_sent,
    socket_client,
)

ACCEPT = answer(200, wire("push_accepted"))


class Wire(httpx.AsyncBaseTransport):
    """Keeps what was asked; answers with these headers, and a body pressed as they say."""

    def __init__(self, **headers: str) -> None:
        self.asked: list[httpx.Request] = []
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        body = wire("token_text" if request.method == "GET" else "push_accepted")
        if "Content-Encoding" in self._headers:
            body = gzip.compress(body)
        return httpx.Response(200, headers=self._headers, stream=httpx.ByteStream(body))


async def test_a_request_says_what_it_is_and_no_more() -> None:
    transport = Wire()
    async with DarajaClient(CREDENTIALS, transport=transport, clock=now) as client:
        await push(client)
    token, sent = transport.asked
    assert (token.method, token.url.query) == ("GET", b"grant_type=client_credentials")
    assert sorted(sent.headers) == [
        "accept",
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    ]
    assert sent.headers["content-type"] == "application/json"


async def test_cookies_are_not_sent_back() -> None:
    transport = Wire(Set_Cookie="visid=1; path=/")
    async with DarajaClient(CREDENTIALS, transport=transport, clock=now) as client:
        await push(client)
        await push(client)
    assert len(transport.asked) == 3
    assert all("cookie" not in request.headers for request in transport.asked)


async def test_an_answer_that_comes_pressed_all_the_same_is_read() -> None:
    async with DarajaClient(CREDENTIALS, transport=Wire(Content_Encoding="gzip"), clock=now) as client:
        assert isinstance(await push(client), StkAccepted)


async def test_so_is_one_over_a_socket() -> None:
    async def pressed(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = gzip.compress(wire("push_accepted"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body))
        writer.write(body)
        await writer.drain()

    async with SocketHost(pressed) as server, socket_client(server.url) as client:
        assert isinstance(await push(client), StkAccepted)


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with closed_port() as port:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        async with SocketHost(ACCEPT) as server, socket_client(server.url) as client:
            await push(client)
            assert server.posts == 1


async def test_a_client_that_is_closed_sends_nothing() -> None:
    host = Host()
    client = host.client(token_store=await kept_token())
    await client.aclose()
    with pytest.raises(NeverSent) as never:
        await push(client)
    nothing_was_sent(never.value, NeverSent)
    with pytest.raises(TokenUnavailable):
        await client.renew_token()
    assert (host.minted, host.posts) == (0, [])


async def test_a_caller_that_gives_up_leaves_the_client_usable() -> None:
    arrived, never = asyncio.Event(), asyncio.Event()

    async def first_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if arrived.is_set():
            await ACCEPT(reader, writer)
            return
        arrived.set()
        await never.wait()

    async with SocketHost(first_silent) as server, socket_client(server.url) as client:
        waiting = asyncio.create_task(push(client))
        await arrived.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert isinstance(await push(client), StkAccepted)
        assert server.posts == 2


async def test_an_endless_answer_is_given_up_long_before_the_deadline() -> None:
    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
            await writer.drain()

    async with SocketHost(endless) as server:
        lost = await failure(server.url, token_store=await kept_token(), timeout_s=2.0)
        assert type(lost) is AnswerLost
        assert type(lost.__cause__) is httpx.RemoteProtocolError
        assert server.posts == 1


async def test_a_redirect_is_not_followed_over_a_socket_either() -> None:
    async def elsewhere(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 307 X\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with SocketHost(elsewhere) as server:
        assert type(await failure(server.url, token_store=await kept_token())) is AnswerLost
        assert server.posts == 1


async def test_cookies_are_not_sent_back_over_a_socket_either() -> None:
    heads: list[bytes] = []

    async def bake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                heads.append(head.lower())
                body = wire("push_accepted")
                await reader.readexactly(int(heads[-1].partition(b"content-length:")[2].split()[0]))
                kept = b"HTTP/1.1 200 OK\r\nSet-Cookie: visid=1; path=/\r\nContent-Length: %d\r\n\r\n"
                writer.write(kept % len(body) + body)
        writer.close()

    async with await asyncio.start_server(bake, "127.0.0.1", 0) as server:
        url = f"http://localhost:{server.sockets[0].getsockname()[1]}"  # numbers get no cookies anyway
        async with socket_client(url, token_store=await kept_token()) as client:
            await push(client)
            await push(client)
    assert [b"cookie" in head for head in heads] == [False, False]
