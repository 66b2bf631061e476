"""Real sockets on 127.0.0.1: what was surely never sent."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from httpx_aiohttp import AiohttpTransport

from daraja import NeverSent, TokenUnavailable
from tests.daraja.sockets import (
    Act,
    closed_port,
    failure,
    kept_token,
    nothing_was_sent,
)


async def test_a_refused_port_meansnothing_was_sent() -> None:
    with closed_port() as port:
        nothing_was_sent(await failure(f"http://127.0.0.1:{port}", token_store=await kept_token()), NeverSent)
        nothing_was_sent(await failure(f"http://127.0.0.1:{port}"), TokenUnavailable)


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


async def test_a_name_that_does_not_resolve_meansnothing_was_sent() -> None:
    for store, kind in ((await kept_token(), NeverSent), (None, TokenUnavailable)):
        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=NumbersOnly()))
        transport = AiohttpTransport(client=session)
        error = await failure("https://daraja.invalid", transport=transport, token_store=store)
        nothing_was_sent(error, kind)


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


async def test_a_certificate_nobody_vouches_for_meansnothing_was_sent(tmp_path: Path) -> None:
    reached: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        reached.append(await reader.read(1))

    async with _server(serve, _self_signed(tmp_path)) as url:
        nothing_was_sent(await failure(url, token_store=await kept_token()), NeverSent)
        nothing_was_sent(await failure(url), TokenUnavailable)
    assert b"".join(reached) == b""


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x28"])
async def test_tls_that_is_refused_meansnothing_was_sent(reply: bytes) -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(4096))
        writer.write(reply)
        await writer.drain()

    async with _server(serve) as url:
        nothing_was_sent(await failure(url, token_store=await kept_token()), NeverSent)
        nothing_was_sent(await failure(url), TokenUnavailable)
    assert heard
    assert all(b"POST" not in said for said in heard)
