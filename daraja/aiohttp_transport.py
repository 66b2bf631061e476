"""httpx's transport over aiohttp, for small answers taken whole. Only `daraja.late` imports it: aiohttp is heavy."""

from __future__ import annotations

from typing import Final

import httpx
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, StreamReader, TCPConnector
from httpx_aiohttp import AiohttpTransport
from multidict import CIMultiDict

from daraja.transport import most_bytes, too_long

_NO_LIMIT: Final = ClientTimeout(total=None, sock_connect=None)  # the deadline is WholeAnswers'


class WholeAiohttp(AiohttpTransport):
    """httpx-aiohttp's transport without cookies, timers of its own, or an answer that is still being read.

    Takes requests whose content is known, at most 64 KiB of answer, and raises aiohttp's exceptions as they are.
    """

    def get_client(self) -> ClientSession:
        """aiohttp's session: as httpx-aiohttp makes it, but for cookies and timers."""
        connector = TCPConnector(
            limit=0,  # a push that waits for another's answer may run out of time before it is sent
            keepalive_timeout=self.limits.keepalive_expiry,
            ssl=self.ssl_context,
        )
        return ClientSession(
            connector=connector, cookie_jar=DummyCookieJar(), timeout=_NO_LIMIT, auto_decompress=False
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request, one whole answer; aiohttp never sends a POST again by itself."""
        if not isinstance(self.client, ClientSession):
            self.client = self.get_client()
        headers = CIMultiDict(
            [(key.decode("ascii"), value.decode("ascii")) for key, value in request.headers.raw]
        )
        async with self.client.request(
            request.method,
            str(request.url),
            headers=headers,
            data=request.content or None,
            allow_redirects=False,
        ) as response:
            body = await _whole(response.content, request)
            return httpx.Response(
                response.status, headers=list(response.raw_headers), stream=httpx.ByteStream(body)
            )


async def _whole(content: StreamReader, request: httpx.Request) -> bytes:
    body, most = bytearray(), most_bytes(request)
    while chunk := await content.readany():
        body += chunk
        if len(body) > most:
            raise too_long(request)
    return bytes(body)
