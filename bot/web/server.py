"""uvicorn inside our own event loop: signals, logs and headers stay ours."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

GRACE_S = 3


class AddressInUse(Exception):
    """Nobody can listen there: taken, not ours, or not allowed. The text says which address and why."""


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason, _, _ = (error.strerror or str(error)).partition(" (while")  # the address is said already
        raise AddressInUse(f"cannot listen on {host} port {port}: {reason}") from None


def _configuration(app: ASGIApp) -> uvicorn.Config:
    # no access log: a callback's path is its secret; no proxy headers: the app believes named proxies only
    return uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=GRACE_S,
    )


@asynccontextmanager
async def serving(app: ASGIApp, host: str, port: int) -> AsyncIterator[str]:
    """Serves while the block runs, and gives the base URL (port 0 picks a free one). Raises AddressInUse."""
    listener = _listen(host, port)
    config = _configuration(app)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    address, bound = listener.getsockname()[:2]
    ticking = asyncio.create_task(server.main_loop())
    try:
        yield f"http://[{address}]:{bound}" if ":" in address else f"http://{address}:{bound}"
    finally:
        server.should_exit = True
        await ticking
        await server.shutdown(sockets=[listener])
