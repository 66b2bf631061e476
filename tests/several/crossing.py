"""The public address: whoever comes is led to one of the web processes, in turn, as a reverse proxy does."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Sequence
from types import TracebackType
from typing import Self

_REQUEST = re.compile(rb"POST (/daraja/stk/[0-9a-f]{32}) ")


class Crossing:
    """An async context manager. `doors` may change at any time; one that does not answer is passed by."""

    def __init__(self, doors: Sequence[int] = ()) -> None:
        """doors: ports of this machine."""
        self.doors = list(doors)
        self.callbacks: list[str] = []  #: the path of each callback that came by, oldest first
        self.port = 0
        self._turn = 0
        self._server: asyncio.Server | None = None
        self._open_to_all = False
        self._passing: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def url(self) -> str:
        """The public address."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._come, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self._open_to_all = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._open_to_all = False
        self._server.close()
        passing = dict(self._passing)
        for task, writer in passing.items():
            task.cancel()
            writer.close()
        await asyncio.gather(*passing, return_exceptions=True)

    def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (
            not self._open_to_all
        ):  # accepted before the server closed, brought only now: nobody would close it
            writer.close()
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._passing[task] = writer
        task.add_done_callback(self._passing.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError):
                await self._pass(reader, writer)
        finally:
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened = await self._open()
        if opened is None:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return
        inside, outside = opened
        both = (
            asyncio.ensure_future(_copy(reader, outside, self._look)),
            asyncio.ensure_future(_copy(inside, writer, None)),
        )
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            outside.close()  # before any await: this task may be cancelled here as well
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in range(len(self.doors)):
            self._turn += 1
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", self.doors[self._turn % len(self.doors)])
        return None

    def _look(self, chunk: bytes) -> None:
        self.callbacks += [path.decode() for path in _REQUEST.findall(chunk)]


async def _copy(
    source: asyncio.StreamReader,
    target: asyncio.StreamWriter,
    look: object,
) -> None:
    while chunk := await source.read(65536):
        if callable(look):
            look(chunk)
        target.write(chunk)
        await target.drain()
