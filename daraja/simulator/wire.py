"""Putting a reply on the wire, broken ones too.

An ASGI application has no way of its own to hang up without an answer. `SimulatorServer` offers one as the
scope extension HANG_UP: the connection is closed and the client sees no byte of an answer. On any other
server, and in process (`httpx.ASGITransport`), the answer is begun with a Content-Length it never reaches,
and then `httpx.RemoteProtocolError` is raised: servers close the connection in mid-answer, the in-process
client gets the error itself.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime

import httpx
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daraja.simulator.replies import Break, Reply

HANG_UP = "daraja.simulator.hang_up"


class BrokenResponse(Response):
    """An answer that never arrives, or only its first half."""

    def __init__(self, reply: Reply) -> None:
        promised = {"content-length": str(len(reply.text.encode()) + 100)}
        super().__init__(reply.text, reply.status, headers=promised, media_type=reply.content_type)
        self._breaks = reply.breaks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Break the connection."""
        hang_up = scope.get("extensions", {}).get(HANG_UP)
        if hang_up is None or self._breaks is Break.HALF:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            await send({"type": "http.response.body", "body": bytes(self.body), "more_body": True})
        if hang_up is None:
            raise httpx.RemoteProtocolError("the simulator broke the connection, as it was told to")
        hang_up()
        while (await receive())["type"] != "http.disconnect":
            pass


class Dated:
    """Puts Daraja's Date on every answer. Other servers than `SimulatorServer` put their own, unless it differs."""

    def __init__(self, app: ASGIApp, clock: Callable[[], datetime], ahead_s: Callable[[], float]) -> None:
        self._app = app
        self._clock = clock
        self._ahead_s = ahead_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, and date its answer."""
        ahead_s = self._ahead_s()
        if scope["type"] != "http" or not (ahead_s or HANG_UP in scope.get("extensions", {})):
            await self._app(scope, receive, send)
            return
        at = (self._clock() + timedelta(seconds=ahead_s)).replace(microsecond=0)

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["date"] = format_datetime(at, usegmt=True)
            await send(message)

        await self._app(scope, receive, dated)


def to_response(reply: Reply) -> Response:
    """The Starlette response of a reply."""
    if reply.breaks is not Break.NO:
        return BrokenResponse(reply)
    return Response(reply.text, reply.status, media_type=reply.content_type)
