"""A socket server for what ASGI cannot do: break off, garble, fall silent."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Self

import pytest

from daraja import DarajaClient, DarajaError, MemoryTokenStore, NeverSent, TokenUnavailable
from tests.daraja.host import CREDENTIALS, LIVE_TOKEN, now, push, tell_tales, wire


@dataclass
class Caught:
    """One request as a socket saw it."""

    connection: int
    method: str


Act = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class SocketHost:
    """Speaks just enough HTTP on 127.0.0.1: a token for GET; `act` once a POST was read to its last byte."""

    def __init__(self, act: Act, *, on_get: Act | None = None) -> None:
        self._act = act
        self._on_get = on_get
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server
        self.port = 0
        self.connections = 0
        self.requests: list[Caught] = []

    @property
    def posts(self) -> int:
        """How many POSTs arrived whole."""
        return sum(caught.method == "POST" for caught in self.requests)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        number = self.connections
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                method = head.split(b" ", 1)[0].decode()
                await reader.readexactly(_length(head))
                self.requests.append(Caught(number, method))
                act = self._act if method == "POST" else self._on_get or answer(200, wire("token_text"))
                await act(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def answer(status: int, body: bytes, kind: str = "application/json", *, keep: bool = True) -> Act:
    """A whole answer; the connection stays open unless `keep` is false."""

    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stay = "keep-alive" if keep else "close"
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nConnection: {stay}\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    return act


async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing and hang up."""
    writer.close()


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hang up the hard way: RST."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def half_an_answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Promise more than is sent, and hang up."""
    body = wire("push_accepted")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body[: len(body) // 2])
    await writer.drain()
    writer.close()


async def not_http(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An answer in no language."""
    writer.write(b"\x00\x01 garbage, not a status line\r\n\r\n")
    await writer.drain()
    writer.close()


async def stall_after_half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Begin an answer and never go on, until the client hangs up."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
    await writer.drain()
    await reader.read()


async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a good answer byte by byte: never silent for long, and not done for many seconds."""
    body = wire("push_accepted")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
    for byte in body:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Never answer, until the client hangs up."""
    await reader.read()


@contextmanager
def closed_port() -> Iterator[int]:
    """A port of 127.0.0.1 that refuses connections: bound, never listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@asynccontextmanager
async def socket_client(url: str, **options: Any) -> AsyncIterator[DarajaClient]:
    """A client over the real transport."""
    async with DarajaClient(CREDENTIALS, base_url=url, clock=now, **options) as client:
        yield client


async def kept_token() -> MemoryTokenStore:
    """A store with a token that is still good: the first call is the POST."""
    store = MemoryTokenStore()
    await store.save(LIVE_TOKEN)
    return store


async def failure(url: str, **options: Any) -> DarajaError:
    """What a push to `url` ends in; it must tell no secret."""
    async with socket_client(url, **options) as client:
        with pytest.raises(DarajaError) as caught:
            await push(client)
    assert tell_tales(caught.value) == []
    return caught.value


def nothing_was_sent(error: DarajaError, kind: type[NeverSent]) -> None:
    """The error says so in every way it can."""
    assert type(error) is kind
    assert not error.money_may_have_moved
    assert error.safe_to_retry
    assert "sent" in str(error) or kind is TokenUnavailable
