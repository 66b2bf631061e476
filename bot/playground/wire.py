"""The Bot API's way of asking and answering over HTTP."""

from __future__ import annotations

import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from bot.playground.faults import ApiError

Json = dict[str, Any]

_STRUCTURED = ("reply_markup", "allowed_updates", "commands", "link_preview_options", "entities")


async def parameters_of(request: Request) -> Json:
    """The parameters, from the query and a JSON, form or multipart body. Raises ApiError 400 on junk."""
    given: Json = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0]
    body = await request.body()
    try:
        if kind == "application/json":
            given |= json.loads(body or b"{}")
        elif kind == "multipart/form-data":
            given |= _multipart(request.headers["content-type"], body)
        else:
            given |= dict(parse_qsl(body.decode(), keep_blank_values=True))
        return {name: _structured(name, value) for name, value in given.items()}
    except ValueError:
        raise ApiError(400, "Bad Request: can't parse the parameters") from None


def _structured(name: str, value: Any) -> Any:
    return json.loads(value) if name in _STRUCTURED and isinstance(value, str) and value else value


def _multipart(content_type: str, body: bytes) -> Json:
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    return {
        str(part.get_param("name", header="content-disposition")): part.get_content().strip("\r\n")
        for part in message.iter_parts()
    }


def answer(result: Any) -> Response:
    """A call that was done."""
    return JSONResponse({"ok": True, "result": result})


def refusal(error: ApiError) -> Response:
    """A call that was not."""
    body: Json = {"ok": False, "error_code": error.status, "description": error.description}
    if error.retry_after is not None:
        body["parameters"] = {"retry_after": error.retry_after}
    return JSONResponse(body, error.status)


def gateway_page(status: int) -> Response:
    """What a broken gateway in between answers."""
    return HTMLResponse("<html><body><h1>Bad Gateway</h1></body></html>", status)


class HalfAnswer(Response):
    """Begins to answer and closes the connection."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Announce more than is sent."""
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"ok":', "more_body": True})
