"""Real sockets on 127.0.0.1: what was surely never sent, and what may have been taken."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from httpx_aiohttp import AiohttpTransport

from daraja import AnswerLost, DarajaError, MemoryTokenStore, NeverSent, StkAccepted, TokenUnavailable
from tests.daraja import host
from tests.daraja.host import LIVE_TOKEN, Act, SocketHost, answer, closed_port, push, socket_client, wire

HTML = b"<html><body>Service Unavailable</body></html>"
ACCEPT = answer(200, wire("push_accepted"))
LOST: dict[str, Act] = {
    "closed after the body": host.close,
    "reset": host.reset,
    "half an answer": host.half_an_answer,
    "garbled 200": answer(200, b'{"ResponseCode": "0", "Checkout'),
    "HTML 503": answer(503, HTML, "text/html"),
    "HTML 500": answer(500, HTML, "text/html"),
    "HTML 502": answer(502, HTML, "text/html"),
    "HTML 504": answer(504, HTML, "text/html"),
    "HTML 403 of a firewall": answer(403, HTML, "text/html"),
    "HTML 429": answer(429, HTML, "text/html"),
    "HTML 200": answer(200, HTML, "text/html"),
    "empty 200": answer(200, b""),
    "not HTTP": host.not_http,
}


async def _token() -> MemoryTokenStore:
    store = MemoryTokenStore()
    await store.save(LIVE_TOKEN)
    return store


async def _failure(url: str, **options: Any) -> DarajaError:
    async with socket_client(url, **options) as client:
        with pytest.raises(DarajaError) as caught:
            await push(client)
    assert host.tell_tales(caught.value) == []
    return caught.value


def _nothing_was_sent(error: DarajaError, kind: type[NeverSent]) -> None:
    assert type(error) is kind
    assert not error.money_may_have_moved
    assert error.safe_to_retry
    assert "sent" in str(error) or kind is TokenUnavailable


# ---- Never sent --------------------------------------------------------------------------------------------------


async def test_a_refused_port_means_nothing_was_sent() -> None:
    with closed_port() as port:
        _nothing_was_sent(await _failure(f"http://127.0.0.1:{port}", token_store=await _token()), NeverSent)
        _nothing_was_sent(await _failure(f"http://127.0.0.1:{port}"), TokenUnavailable)


class NumbersOnly(AbstractResolver):
    """The system's resolver told to ask nobody: every name fails as an unknown one does."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        await loop.getaddrinfo(host, port, family=family, flags=socket.AI_NUMERICHOST)
        raise AssertionError("a name was resolved")

    async def close(self) -> None:
        """Nothing is held."""


async def test_a_name_that_does_not_resolve_means_nothing_was_sent() -> None:
    for store, kind in ((await _token(), NeverSent), (None, TokenUnavailable)):
        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=NumbersOnly()))
        transport = AiohttpTransport(client=session)
        error = await _failure("https://daraja.invalid", transport=transport, token_store=store)
        _nothing_was_sent(error, kind)


def _self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


@asynccontextmanager
async def _server(serve: Act, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Calls `serve` for each connection; the https address of it."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_certificate_nobody_vouches_for_means_nothing_was_sent(tmp_path: Path) -> None:
    reached: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        reached.append(await reader.read(1))

    async with _server(serve, _self_signed(tmp_path)) as url:
        _nothing_was_sent(await _failure(url, token_store=await _token()), NeverSent)
        _nothing_was_sent(await _failure(url), TokenUnavailable)
    assert b"".join(reached) == b""


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x28"])
async def test_tls_that_is_refused_means_nothing_was_sent(reply: bytes) -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(4096))
        writer.write(reply)
        await writer.drain()

    async with _server(serve) as url:
        _nothing_was_sent(await _failure(url, token_store=await _token()), NeverSent)
        _nothing_was_sent(await _failure(url), TokenUnavailable)
    assert heard
    assert all(b"POST" not in said for said in heard)


# ---- Perhaps taken -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", LOST.values(), ids=LOST.keys())
async def test_an_answer_that_breaks_off_is_uncertain_after_exactly_one_post(act: Act) -> None:
    async with SocketHost(act) as server:
        lost = await _failure(server.url)
        assert type(lost) is AnswerLost
        assert lost.money_may_have_moved
        assert not lost.safe_to_retry
        assert server.posts == 1


@pytest.mark.parametrize("act", LOST.values(), ids=LOST.keys())
async def test_the_same_on_the_first_use_of_a_connection(act: Act) -> None:
    async with SocketHost(act) as server:
        assert type(await _failure(server.url, token_store=await _token())) is AnswerLost
        assert server.posts == 1


@pytest.mark.parametrize("name", ["closed after the body", "reset"])
async def test_a_kept_connection_that_dies_under_a_post_never_has_it_sent_again(name: str) -> None:
    """aiohttp silently sends again what fails on a kept connection; it must not do so with a POST."""
    async with SocketHost(LOST[name]) as server:
        assert type(await _failure(server.url)) is AnswerLost
        assert [caught.method for caught in server.requests] == ["GET", "POST"]
        assert {caught.connection for caught in server.requests} == {1}
        assert server.connections == 1


async def test_the_same_after_a_push_that_went_well() -> None:
    pushes = 0

    async def first_well_then_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal pushes
        pushes += 1
        await (ACCEPT if pushes == 1 else host.close)(reader, writer)

    async with SocketHost(first_well_then_close) as server, socket_client(server.url) as client:
        await push(client)
        with pytest.raises(AnswerLost):
            await push(client)
        assert (server.posts, server.connections) == (2, 1)


async def test_a_query_whose_answer_is_lost_is_not_sent_again_either() -> None:
    async with SocketHost(host.close) as server, socket_client(server.url) as client:
        with pytest.raises(AnswerLost):
            await client.stk_query(host.CHECKOUT)
        assert server.posts == 1


@pytest.mark.parametrize("act", [host.silence, host.stall_after_half])
async def test_an_answer_that_does_not_come_in_time_is_uncertain(act: Act) -> None:
    async with SocketHost(act) as server:
        lost = await _failure(server.url, token_store=await _token(), timeout_s=1.0)
        assert type(lost) is AnswerLost
        assert server.posts == 1


@pytest.mark.parametrize("act", LOST.values(), ids=LOST.keys())
async def test_oauth_that_breaks_off_means_that_no_push_was_sent(act: Act) -> None:
    async with SocketHost(ACCEPT, on_get=act) as server:
        _nothing_was_sent(await _failure(server.url), TokenUnavailable)
        assert server.posts == 0


async def test_a_refused_token_makes_two_posts_and_no_third() -> None:
    async with SocketHost(answer(404, wire("error_token_refused"))) as server:
        error = await _failure(server.url)
        assert error.cause == "token_refused"
        assert [caught.method for caught in server.requests] == ["GET", "POST", "GET", "POST"]


async def test_a_second_try_after_a_refused_token_may_be_lost_as_any_push() -> None:
    posts = 0

    async def first_stale_then_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal posts
        posts += 1
        await (answer(404, wire("error_token_refused")) if posts == 1 else host.close)(reader, writer)

    async with SocketHost(first_stale_then_close) as server:
        assert type(await _failure(server.url)) is AnswerLost
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
