"""A Daraja that does nothing but answer at once: in a process of its own, it counts what it is asked.

Run as a module it prints its port and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from typing import Final
from urllib.parse import urlsplit

TOKEN: Final = json.dumps({"access_token": "benchmark-token", "expires_in": "3599"}).encode()
ACCEPTED: Final = json.dumps(
    {
        "MerchantRequestID": "2654-4b64-97ff-b827b542881d3130",
        "CheckoutRequestID": "ws_CO_1007202409152617172396192",
        "ResponseCode": "0",
        "ResponseDescription": "Success. Request accepted for processing",
        "CustomerMessage": "Success. Request accepted for processing",
    }
).encode()
CORES: Final = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
_END_OF_HEAD: Final = b"\r\n\r\n"


@dataclass
class Counts:
    """What has reached the host. The question for these counts is not among them."""

    connections: int = 0
    pushes: int = 0
    tokens: int = 0


class Connection(asyncio.Protocol):
    """Speaks as much HTTP/1.1 as the subjects do: whole bodies of a stated length, kept alive."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._waiting = b""
        self._new = True
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The other side is there."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request as soon as its last byte is here."""
        self._waiting += data
        while (end := self._waiting.find(_END_OF_HEAD)) >= 0:
            head = self._waiting[:end].lower()
            whole = end + len(_END_OF_HEAD) + _length(head)
            if len(self._waiting) < whole:
                return
            self._waiting = self._waiting[whole:]
            self._transport.write(_reply(self._body(head)))

    def _body(self, head: bytes) -> bytes:
        if head.startswith(b"get /counts"):
            return json.dumps(asdict(self._counts)).encode()
        self._counts.connections += self._new
        self._new = False
        if head.startswith(b"get "):
            self._counts.tokens += 1
            return TOKEN
        assert b"authorization: bearer " in head
        self._counts.pushes += 1
        return ACCEPTED


def _length(head: bytes) -> int:
    _, found, rest = head.partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


def _reply(body: bytes) -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\n"
        b"Date: Sun, 22 Nov 2026 09:00:00 GMT\r\nConnection: keep-alive\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    ) + body


def counts_of(url: str) -> Counts:
    """Asked over a connection that does not count."""
    parts = urlsplit(url)
    connection = HTTPConnection(str(parts.hostname), parts.port)
    try:
        connection.request("GET", "/counts")
        return Counts(**json.loads(connection.getresponse().read()))
    finally:
        connection.close()


def pin() -> None:
    """Keep this process on the first core that was there for us at start: the host has the last one."""
    if len(CORES) > 1:
        os.sched_setaffinity(0, {CORES[0]})


@contextmanager
def host() -> Iterator[str]:
    """Start the host in its own process, on the other core; its address until the block ends."""
    command = [sys.executable, "-m", "tests.benchmarks.host", *map(str, CORES[-1:])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.stdin.close()


async def serve(counts: Counts) -> asyncio.Server:
    """The host inside this event loop, on any free port of 127.0.0.1."""
    return await asyncio.get_running_loop().create_server(lambda: Connection(counts), "127.0.0.1", 0)


async def _main() -> None:
    async with await serve(Counts()) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    if last_core := {int(core) for core in sys.argv[1:]}:
        os.sched_setaffinity(0, last_core)
    asyncio.run(_main())
