"""What stands between client and socket: one deadline for a whole answer, and the judgement of failures."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import zlib
from collections.abc import AsyncIterable, Iterator, Mapping
from typing import Final

import httpx

from daraja import late
from daraja.errors import AnswerLost, NeverSent

log = logging.getLogger(__name__)

MAX_ANSWER_BYTES: Final = 64 * 1024
LARGE_ANSWERS: Final = {
    "/pulltransactions/v1/query": 1024 * 1024,  # a full page, with room
    "/mpesa/qrcode/v1/generate": 1024 * 1024,  # a picture in Base64
}
_PACKED: Final = frozenset({"gzip", "x-gzip", "deflate"})
_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS
_MOST_BYTES: Final = "most_bytes"  # in a request's extensions
_HEADERS: Final = httpx.Headers(
    {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": f"python-httpx/{httpx.__version__}"}
)
_JSON_HEADERS: Final = httpx.Headers({**_HEADERS, "Content-Type": "application/json"})
_TO_JSON: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class Exchange:
    """Sends requests as httpx's client would, but without cookies, redirects, hooks or anything from the environment.

    httpx's requests, answers, transports and auth flows; not its client, whose bookkeeping for each call costs as
    much as all the rest (docs/benchmarks.md). Every answer is read to its end within `timeout_s`.
    """

    def __init__(self, base_url: str, transport: httpx.AsyncBaseTransport, timeout_s: float) -> None:
        self._base_url = base_url.rstrip("/")
        self._transport = WholeAnswers(transport, timeout_s)
        self._timeout = httpx.Timeout(timeout_s).as_dict()
        self._urls: dict[str, httpx.URL] = {}
        self._closed = False

    async def post(self, path: str, body: Mapping[str, object], auth: httpx.Auth) -> httpx.Response:
        """A JSON body to `path`, one of a few constants. Raises what the transport or the auth flow raises."""
        content = _TO_JSON(body).encode()
        return await self._send(self._request("POST", path, _JSON_HEADERS, content), auth)

    async def get(self, path: str, auth: httpx.Auth) -> httpx.Response:
        """As `post`, without a body; a query belongs to `path`."""
        return await self._send(self._request("GET", path, _HEADERS, b""), auth)

    async def aclose(self) -> None:
        """Close the transport; harmless when done twice."""
        if not self._closed:
            self._closed = True
            await self._transport.aclose()

    def _request(self, method: str, path: str, headers: httpx.Headers, content: bytes) -> httpx.Request:
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = httpx.URL(self._base_url + path)
        own = headers.copy()
        own["Host"] = url.netloc.decode("ascii")
        if content:
            own["Content-Length"] = str(len(content))
        # Given as a stream httpx takes headers and content as they are; finding out by itself takes it longer than
        # all our checks together.
        stream = httpx.ByteStream(content)
        extensions = {"timeout": self._timeout, _MOST_BYTES: LARGE_ANSWERS.get(path, MAX_ANSWER_BYTES)}
        request = httpx.Request(method, url, headers=own, stream=stream, extensions=extensions)
        request.read()
        return request

    async def _send(self, request: httpx.Request, auth: httpx.Auth) -> httpx.Response:
        flow = auth.async_auth_flow(request)
        try:
            request = await anext(flow)
            while True:
                response = await self._exchanged(request)
                try:
                    request = await flow.asend(response)
                except StopAsyncIteration:
                    return response
        finally:
            await flow.aclose()

    async def _exchanged(self, request: httpx.Request) -> httpx.Response:
        if self._closed:
            raise NeverSent("this client is closed, nothing was sent")
        began = time.monotonic()
        response = await self._transport.handle_async_request(request)
        if log.isEnabledFor(logging.DEBUG):
            took_ms = round((time.monotonic() - began) * 1000)
            said = {"path": request.url.path, "http_status": response.status_code, "took_ms": took_ms}
            log.debug("mpesa.answered", extra=said)
        return response


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
            if not any(isinstance(link, late.answer_with_headers()) for link in _causes(error)):
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
        headers = response.headers
        if headers.get("content-encoding", "").lower() in _PACKED:
            body, headers = _unpacked(body, request), headers.copy()
            del headers["content-encoding"]
        return httpx.Response(
            response.status_code,
            headers=headers,
            stream=httpx.ByteStream(body),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()


async def _read(stream: AsyncIterable[bytes], request: httpx.Request) -> bytes:
    body, most = bytearray(), most_bytes(request)
    async for chunk in stream:
        body += chunk
        if len(body) > most:
            raise too_long(request)
    return bytes(body)


def _unpacked(body: bytes, request: httpx.Request) -> bytes:
    """As many bytes as an answer may have: 64 KiB can hold 60 MiB of blanks."""
    most = most_bytes(request)
    try:
        plain = zlib.decompressobj(_GZIP_OR_ZLIB).decompress(body, most + 1)
    except zlib.error as error:
        raise httpx.DecodingError("an answer that cannot be unpacked", request=request) from error
    if len(plain) > most:
        raise too_long(request)
    return plain


def most_bytes(request: httpx.Request) -> int:
    """How long an answer to this request may be: 64 KiB, unless Exchange said more."""
    most: int = request.extensions.get(_MOST_BYTES, MAX_ANSWER_BYTES)
    return most


def too_long(request: httpx.Request) -> httpx.RemoteProtocolError:
    """What is raised instead of reading on."""
    return httpx.RemoteProtocolError("an answer that is far too long", request=request)


def failure_of(error: Exception) -> NeverSent | AnswerLost:
    """What an exception out of the transport means for the request that was being sent.

    Judged by its cause, not by its class: httpx-aiohttp raises httpx.ConnectTimeout also for a server that
    closed after it had read the whole request. Only aiohttp's ClientConnectorError means: no connection.
    """
    for link in _causes(error):
        if isinstance(link, late.no_connection()):
            return NeverSent(f"no connection, nothing was sent ({type(link).__name__})")
    return AnswerLost(f"sent, and no answer that can be read ({type(error).__name__})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__
