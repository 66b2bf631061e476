"""The way out: what httpx's own client would add is left out, and stays out."""

from __future__ import annotations

import asyncio
import gzip

import httpx
import pytest

from daraja import AnswerLost, DarajaClient, NeverSent, StkAccepted, TokenUnavailable
from tests.daraja.host import CREDENTIALS, Host, now, push, wire
from tests.daraja.sockets import SocketHost, answer, closed_port, kept_token, nothing_was_sent, socket_client

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


async def test_an_answer_of_more_than_64_kib_is_not_read_to_its_end_over_a_socket_either() -> None:
    async with SocketHost(answer(200, b'{"ResponseCode": "0", "x": "' + b"x" * 70_000 + b'"}')) as server:
        async with socket_client(server.url, token_store=await kept_token()) as client:
            with pytest.raises(AnswerLost):
                await push(client)
        assert server.posts == 1
