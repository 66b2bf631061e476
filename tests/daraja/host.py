"""A scripted Daraja for `httpx.ASGITransport`, and a socket server for what ASGI cannot do: break off."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import traceback
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx
from starlette.types import Receive, Scope, Send

from daraja import Credentials, DarajaClient, StkAccepted, Token

NOW = datetime(2026, 11, 22, 9, 0, 30, tzinfo=UTC)
STAMP = "20261122120030"  # the same moment in Nairobi
CREDENTIALS = Credentials("invented-key", "invented-secret", "174379", "invented-passkey")
PHONE = "254712345678"
CALLBACK_URL = "https://karo.invalid/daraja/stk/00112233445566778899aabbccddeeff"
CHECKOUT = "ws_CO_191220191020363925"
LIVE_TOKEN = Token("kept-token", datetime(2026, 11, 22, 9, 50, tzinfo=UTC))
SECRETS = (
    "invented-key",
    "invented-secret",
    "invented-passkey",
    CREDENTIALS.password(STAMP),
    "kept-token",
    "minted-",
    "Bearer",
    "Basic",
    PHONE,
    "712345678",
    "00112233445566778899aabbccddeeff",
    CHECKOUT,
)

Answer = tuple[int, bytes]


def wire(name: str) -> bytes:
    """A recorded body."""
    return (Path(__file__).parents[1] / "wire" / f"{name}.json").read_bytes()


def now() -> datetime:
    """The clock of these tests: it stands still."""
    return NOW


async def push(client: DarajaClient, **changes: Any) -> StkAccepted:
    """A push that M-PESA would take, but for `changes`."""
    fields: dict[str, Any] = {
        "amount_kes": 1500,
        "party_a": PHONE,
        "phone_number": PHONE,
        "callback_url": CALLBACK_URL,
        "account_reference": "ADM104224",
        "transaction_desc": "School fees",
    }
    return await client.stk_push(**(fields | changes))


def tell_tales(error: BaseException) -> list[str]:
    """The secrets that an exception, its causes or its traceback would show."""
    shown = "".join(traceback.format_exception(error))
    link: BaseException | None = error
    while link is not None:
        shown += f"{link!r} {link} {vars(link) if link is error else ''}"
        link = link.__cause__ or link.__context__
    return [secret for secret in SECRETS if secret in shown]


@dataclass
class Posted:
    """A POST that reached the host."""

    path: str
    token: str
    body: dict[str, Any]


@dataclass
class Host:
    """An ASGI app: `answers` for the POSTs in order, `oauth` for the token calls (else a good token)."""

    answers: deque[Answer] = field(default_factory=deque)
    oauth: deque[Answer] = field(default_factory=deque)
    posts: list[Posted] = field(default_factory=list)
    minted: int = 0
    minting: asyncio.Event | None = None  #: when set up, a token call waits for it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        headers = {key.decode(): value.decode() for key, value in scope["headers"]}
        status, content = await self._answer(scope, headers, body)
        kind = b"application/json" if content.startswith(b"{") else b"text/html"
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: Scope, headers: dict[str, str], body: bytes) -> Answer:
        if scope["method"] == "GET":
            self.minted += 1
            number = self.minted
            if self.minting is not None:
                await self.minting.wait()
            if self.oauth:
                return self.oauth.popleft()
            return 200, json.dumps({"access_token": f"minted-{number}", "expires_in": "3599"}).encode()
        token = headers["authorization"].removeprefix("Bearer ")
        self.posts.append(Posted(scope["path"], token, json.loads(body)))
        return self.answers.popleft()

    def client(self, **options: Any) -> DarajaClient:
        """A client whose every call ends here."""
        return DarajaClient(CREDENTIALS, transport=httpx.ASGITransport(self), **{"clock": now, **options})


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
