"""What stands between client and socket: one deadline for a whole answer, and the judgement of failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Iterator
from typing import Final

import aiohttp
import httpx

from daraja.errors import AnswerLost, NeverSent

MAX_ANSWER_BYTES: Final = 64 * 1024


class WholeAnswers(httpx.AsyncBaseTransport):
    """Reads each answer to its end within `deadline_s` and 64 KiB, however slowly the other side drips.

    Raises what the inner transport raises, TimeoutError, or httpx.RemoteProtocolError.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, deadline_s: float) -> None:
        self._inner = inner
        self._deadline_s = deadline_s

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request, one answer; never sent a second time."""
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._answer(request)
        except Exception as error:
            if not any(isinstance(link, aiohttp.ClientResponseError) for link in _causes(error)):
                raise
        # That one's repr shows the request's headers, token and all: it must not be in the chain.
        raise httpx.RemoteProtocolError("an answer that is not HTTP", request=request)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        try:
            assert isinstance(response.stream, httpx.AsyncByteStream)
            body = await _read(response.stream, request)
        finally:
            await response.aclose()
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=httpx.ByteStream(body),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()


async def _read(stream: AsyncIterable[bytes], request: httpx.Request) -> bytes:
    body = bytearray()
    async for chunk in stream:
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise httpx.RemoteProtocolError("an answer of more than 64 KiB", request=request)
    return bytes(body)


def failure_of(error: Exception) -> NeverSent | AnswerLost:
    """What an exception out of the transport means for the request that was being sent.

    Judged by its cause, not by its class: httpx-aiohttp raises httpx.ConnectTimeout also for a server that
    closed after it had read the whole request. Only aiohttp's ClientConnectorError means: no connection.
    """
    for link in _causes(error):
        if isinstance(link, aiohttp.ClientConnectorError):
            return NeverSent(f"no connection, nothing was sent ({type(link).__name__})")
    return AnswerLost(f"sent, and no answer that can be read ({type(error).__name__})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__
