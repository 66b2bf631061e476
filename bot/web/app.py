"""The routes: POST /daraja/<kind>/<token> for M-PESA's reports, GET /healthz (alive), GET /readyz (database)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from bot.services.callbacks import CallbackVerdict
from bot.web.guard import (
    BODY_TIMEOUT_S,
    BodyTooLarge,
    BodyTooSlow,
    Network,
    SecurityHeaders,
    comes_from,
    read_body,
)

log = structlog.get_logger(__name__)

SettleCallback = Callable[[str, bytes], Awaitable[CallbackVerdict]]
Ready = Callable[[], Awaitable[bool]]

_TOKEN = re.compile(r"[0-9a-f]{32}")
_ACCEPTED = b'{"ResultCode":0,"ResultDesc":"Accepted"}'
_TRY_AGAIN = b'{"ResultCode":1,"ResultDesc":"Try again later"}'
_HANG_UP = {"Connection": "close"}  # the rest of that body is not wanted


class DarajaCallbacks:
    """Takes M-PESA's reports of one kind: committed first, answered after."""

    def __init__(self, settle: SettleCallback, sources: Sequence[Network], body_timeout_s: float) -> None:
        self._settle = settle
        self._sources = sources
        self._body_timeout_s = body_timeout_s

    async def take(self, request: Request) -> Response:
        """200 once stored, 404 for a token that is none of ours, 503 when it could not be stored."""
        token: str = request.path_params["token"]
        if not _TOKEN.fullmatch(token):
            raise HTTPException(404, headers=_HANG_UP)
        if not comes_from(request, self._sources):
            log.warning("callback.unlisted_address", address=request.client and request.client.host)
            raise HTTPException(403, headers=_HANG_UP)
        body = await self._body(request)
        try:
            verdict = await self._settle(token, body)
        except Exception as error:
            log.error("callback.not_stored", error=type(error).__name__)
            return Response(_TRY_AGAIN, 503, media_type="application/json")
        if verdict is CallbackVerdict.UNKNOWN_TOKEN:
            raise HTTPException(404)
        return Response(_ACCEPTED, media_type="application/json")

    async def _body(self, request: Request) -> bytes:
        try:
            return await read_body(request, self._body_timeout_s)
        except BodyTooLarge:
            raise HTTPException(413, headers=_HANG_UP) from None
        except BodyTooSlow:
            raise HTTPException(408, headers=_HANG_UP) from None
        except ClientDisconnect:
            raise HTTPException(400, headers=_HANG_UP) from None


class Probes:
    """What a process manager asks."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready

    async def healthz(self, _request: Request) -> Response:
        """200 while the process answers at all."""
        return PlainTextResponse("ok")

    async def readyz(self, _request: Request) -> Response:
        """200 when database and schema are there, else 503."""
        try:
            ready = await self._ready()
        except Exception as error:
            log.error("readiness.unknown", error=type(error).__name__)
            ready = False
        return JSONResponse({"ready": ready}, 200 if ready else 503)


def create_web(
    settle_callback: SettleCallback,
    ready: Ready,
    *,
    answers: Mapping[str, SettleCallback] | None = None,
    more: Sequence[Route] = (),
    callback_ips: Sequence[Network] = (),
    trusted_proxies: Sequence[Network] = (),
    body_timeout_s: float = BODY_TIMEOUT_S,
) -> Starlette:
    """The web door.

    answers: what else M-PESA reports, each under /daraja/<its name>/<token>. more: what else this process answers.
    callback_ips: who may post callbacks; empty lets everyone try a token.
    trusted_proxies: whose X-Forwarded-For is believed (its rightmost hop that is no proxy); empty: nobody's.
    """
    reports = {"stk": settle_callback, **(answers or {})}
    probes = Probes(ready)
    middleware = [Middleware(SecurityHeaders)]
    if trusted_proxies:
        proxies = [str(network) for network in trusted_proxies]
        middleware.append(Middleware(ProxyHeadersMiddleware, trusted_hosts=proxies))
    return Starlette(
        routes=[
            *(
                Route(
                    f"/daraja/{name}/{{token}}",
                    DarajaCallbacks(settle, callback_ips, body_timeout_s).take,
                    methods=["POST"],
                )
                for name, settle in reports.items()
            ),
            Route("/healthz", probes.healthz),
            Route("/readyz", probes.readyz),
            *more,
        ],
        middleware=middleware,
    )
