"""Between a stranger and the work: size and time of a body, the sender's address, the answer's headers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 16 * 1024
BODY_TIMEOUT_S = 5.0

Network = IPv4Network | IPv6Network

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class BodyTooLarge(Exception):
    """More than MAX_BODY_BYTES were announced or sent."""


class BodyTooSlow(Exception):
    """The whole body did not arrive in time."""


async def read_body(request: Request, timeout_s: float = BODY_TIMEOUT_S) -> bytes:
    """The body, of any transfer coding. Raises BodyTooLarge, BodyTooSlow, or Starlette's ClientDisconnect."""
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced) > MAX_BODY_BYTES:
        raise BodyTooLarge
    try:
        async with asyncio.timeout(timeout_s):
            return await _read_capped(request)
    except TimeoutError:
        raise BodyTooSlow from None


async def _read_capped(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLarge
    return bytes(body)


def comes_from(request: Request, networks: Sequence[Network]) -> bool:
    """Whether the client's address is in one of the networks; an empty list lets everyone in."""
    if not networks:
        return True
    if request.client is None:
        return False
    try:
        address = ip_address(request.client.host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)


class SecurityHeaders:
    """ASGI middleware: every answer, errors too, forbids caching, framing and guessing of types."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through; touch only the start of an HTTP answer."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, send_guarded if scope["type"] == "http" else send)
