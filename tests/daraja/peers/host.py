"""Daraja on a socket of this machine, as far as a client's faults show there: it keeps every request whole."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Container
from dataclasses import dataclass
from typing import Any, Self

from tests.daraja.host import wire
from tests.daraja.sockets import Act, answer

PUSH_PATH = "/mpesa/stkpush/v1/processrequest"
LOCKED = answer(500, wire("error_locked"))
WRONG = answer(500, wire("error_wrong_credentials"))
REFUSES_TOKEN = answer(404, wire("error_token_refused"))
PAGE_503 = answer(503, b"<html><body>503 Service Unavailable</body></html>", "text/html")


@dataclass(frozen=True)
class Seen:
    """One request. `connection` counts from 1; header names in small letters."""

    connection: int
    method: str
    path: str
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object that was sent."""
        body: dict[str, Any] = json.loads(self.content)
        return body

    @property
    def token(self) -> str:
        """The bearer's token."""
        return self.headers["authorization"].removeprefix("Bearer ")


class PeerHost:
    """`acts` answer the POSTs in their order; when they are used up, every POST is accepted.

    refused: tokens that are answered 404.001.03. minting: when given, a token call waits for it. expires_in: as told.
    together: when given, a POST with a token of `refused` waits for so many others.
    """

    def __init__(
        self,
        *acts: Act,
        refused: Container[str] = (),
        minting: asyncio.Event | None = None,
        expires_in: str = "3599",
        together: asyncio.Barrier | None = None,
    ) -> None:
        self._acts = deque(acts)
        self._refused = refused
        self._minting = minting
        self._expires_in = expires_in
        self._together = together
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server
        self._connections = 0
        self._open = 0
        self.url = ""
        self.most_at_once = 0  #: POSTs that were being answered at the same time
        self.asked = asyncio.Event()  #: a token call has arrived
        self.posted = asyncio.Event()  #: a POST has arrived
        self.seen: list[Seen] = []

    @property
    def posts(self) -> list[Seen]:
        """Every POST, whole."""
        return [seen for seen in self.seen if seen.method == "POST"]

    @property
    def mints(self) -> int:
        """How many tokens were asked for."""
        return len(self.seen) - len(self.posts)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
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
        self._connections += 1
        number = self._connections
        try:
            while not writer.is_closing():
                seen = await _request(reader, number)
                self.seen.append(seen)
                act = await (self._posted(seen) if seen.method == "POST" else self._minted())
                self._open += 1
                self.most_at_once = max(self.most_at_once, self._open)
                try:
                    await act(reader, writer)
                finally:
                    self._open -= 1
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _minted(self) -> Act:
        self.asked.set()
        number = self.mints
        if self._minting is not None:
            await self._minting.wait()
        return answer(200, _json(access_token=f"minted-{number}", expires_in=self._expires_in))

    async def _posted(self, seen: Seen) -> Act:
        self.posted.set()
        if seen.token in self._refused:
            if self._together is not None:
                await self._together.wait()
            return REFUSES_TOKEN
        return self._acts.popleft() if self._acts else accept(len(self.posts))


async def _request(reader: asyncio.StreamReader, connection: int) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    content = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(connection, method, target.partition("?")[0], headers, content)


def accept(number: int) -> Act:
    """The answer to a push that was taken; each has an id of its own."""
    return answer(
        200,
        _json(
            MerchantRequestID=f"merchant-{number}",
            CheckoutRequestID=f"ws_CO_{number}",
            ResponseCode="0",
            ResponseDescription="Success. Request accepted for processing",
            CustomerMessage="Success. Request accepted for processing",
        ),
    )


def slowly(act: Act) -> Act:
    """The same, a moment later: time for others to arrive."""

    async def later(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        await act(reader, writer)

    return later


def _json(**fields: str) -> bytes:
    return json.dumps(fields).encode()
