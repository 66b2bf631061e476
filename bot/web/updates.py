"""POST /telegram/<secret>: Telegram brings an update; it is stored, answered, and worked on beside the answer."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bot.web.guard import BODY_TIMEOUT_S

log = structlog.get_logger(__name__)

MAX_UPDATE_BYTES = 64 * 1024
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name, no secret

_READ_AT_MOST = 1024 * 1024
_HANG_UP = {"Connection": "close"}  # the rest of that body is not wanted


class TelegramDoor:
    """Takes Telegram's updates: stored first, answered after."""

    def __init__(
        self,
        secrets: tuple[str, str],
        store: Callable[[bytes], Awaitable[str | None]],
        begin: Callable[[str], None],
        body_timeout_s: float,
    ) -> None:
        if not all(secrets):
            raise ValueError("an empty secret lets everyone in")
        self._path, self._header = (secret.encode() for secret in secrets)
        self._store = store
        self._begin = begin
        self._body_timeout_s = body_timeout_s

    async def post(self, request: Request) -> Response:
        """200 once stored, 404 for whoever does not know both secrets, 503 when it could not be stored.

        What cannot be read, or is longer than any update, is 200 too: Telegram would bring it again for ever.
        """
        if not self._is_telegram(request):
            raise HTTPException(404, headers=_HANG_UP)
        body = await self._body(request)
        if body is None:
            log.error("update.unreadable", error="TooLarge")
            return Response(headers=_HANG_UP)
        try:
            address = await self._store(body)
        except Exception as error:
            log.error("update.not_stored", error=type(error).__name__)
            return Response(status_code=503)
        if address is not None:
            self._begin(address)
        return Response()

    def _is_telegram(self, request: Request) -> bool:
        """Both are compared in any case, in constant time: no answer tells which one was wrong."""
        given = request.headers.get(SECRET_HEADER, "")
        path = hmac.compare_digest(request.path_params["secret"].encode(errors="replace"), self._path)
        header = hmac.compare_digest(given.encode(), self._header)
        return path and header

    async def _body(self, request: Request) -> bytes | None:
        """None when it is too large; it is read nevertheless, or Telegram would not hear the answer."""
        try:
            async with asyncio.timeout(self._body_timeout_s):
                return await _read(request)
        except TimeoutError:
            raise HTTPException(408, headers=_HANG_UP) from None
        except ClientDisconnect:
            raise HTTPException(400, headers=_HANG_UP) from None


async def _read(request: Request) -> bytes | None:
    body, length = bytearray(), 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= MAX_UPDATE_BYTES:
            body += chunk
        elif length > _READ_AT_MOST:
            break
    return bytes(body) if length <= MAX_UPDATE_BYTES else None


def telegram_route(
    path_secret: str,
    header_secret: str,
    store: Callable[[bytes], Awaitable[str | None]],
    begin: Callable[[str], None],
    *,
    body_timeout_s: float = BODY_TIMEOUT_S,
) -> Route:
    """The route of Telegram's webhook.

    store: returns once the update is on disk, with its chat's address (None: nothing to do); raises when it is not.
    begin: starts the work on that chat and does not wait for it. Raises ValueError for an empty secret.
    """
    door = TelegramDoor((path_secret, header_secret), store, begin, body_timeout_s)
    return Route("/telegram/{secret}", door.post, methods=["POST"])
