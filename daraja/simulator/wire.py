"""Putting a reply on the wire, broken ones too.

An ASGI application has no way of its own to hang up without an answer. `SimulatorServer` offers one as the
scope extension HANG_UP: the connection is closed and the client sees no byte of an answer. On any other
server, and in process (`httpx.ASGITransport`), the answer is begun with a Content-Length it never reaches,
and then `httpx.RemoteProtocolError` is raised: servers close the connection in mid-answer, the in-process
client gets the error itself.
"""

from __future__ import annotations

import httpx
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

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


def to_response(reply: Reply) -> Response:
    """The Starlette response of a reply."""
    if reply.breaks is not Break.NO:
        return BrokenResponse(reply)
    return Response(reply.text, reply.status, media_type=reply.content_type)
