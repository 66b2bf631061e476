"""The ASGI application: Daraja's addresses, and the control routes under /simulator/."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from daraja.simulator.addresses import ADDRESSES, PUSH_PATH, QUERY_PATH
from daraja.simulator.config import SimulatorConfig
from daraja.simulator.control import control_routes
from daraja.simulator.levers import Endpoint
from daraja.simulator.replies import NOT_FOUND, wrong_verb
from daraja.simulator.simulator import Simulator
from daraja.simulator.wire import Dated, to_response

__all__ = ["OAUTH_PATH", "PUSH_PATH", "QUERY_PATH", "create_app"]

OAUTH_PATH = "/oauth/v1/generate"


def create_app(
    config: SimulatorConfig | None = None,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    http: httpx.AsyncClient | None = None,
) -> Starlette:
    """A Daraja as an ASGI application; its `Simulator` is `app.state.simulator`.

    http: posts the callbacks; it stays the caller's to close. Without one the simulator keeps its own.
    """
    simulator = Simulator(config, clock=clock, http=http)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with simulator:
            yield

    app = Starlette(
        routes=[
            Route(OAUTH_PATH, _oauth, methods=["GET"]),
            Route(PUSH_PATH, _push, methods=["POST"]),
            *(
                Route(address.path, _caller(endpoint), methods=["POST"])
                for endpoint, address in ADDRESSES.items()
                if endpoint is not Endpoint.PUSH
            ),
            Mount("/simulator", routes=control_routes()),
        ],
        middleware=[Middleware(Dated, clock=clock, ahead_s=lambda: simulator.ahead_s)],
        exception_handlers={404: _not_found, 405: _wrong_verb},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.simulator = simulator
    return app


def _simulator(request: Request) -> Simulator:
    simulator = request.app.state.simulator
    assert isinstance(simulator, Simulator)
    return simulator


async def _oauth(request: Request) -> Response:
    daraja = _simulator(request).daraja
    reply = await daraja.oauth(request.headers.get("authorization"), request.query_params.get("grant_type"))
    return to_response(reply)


async def _push(request: Request) -> Response:
    headers, raw = request.headers, await request.body()
    daraja = _simulator(request).daraja
    return to_response(await daraja.push(headers.get("authorization"), headers.get("content-type", ""), raw))


def _caller(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def call(request: Request) -> Response:
        headers, raw = request.headers, await request.body()
        content_type = headers.get("content-type", "")
        daraja = _simulator(request).daraja
        return to_response(await daraja.call(endpoint, headers.get("authorization"), content_type, raw))

    return call


async def _not_found(request: Request, _: Exception) -> Response:
    return to_response(_simulator(request).daraja.refuse(NOT_FOUND))


async def _wrong_verb(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = to_response(_simulator(request).daraja.refuse(wrong_verb(request.method)))
    response.headers.update(error.headers or {})
    return response
