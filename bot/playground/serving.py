"""An ASGI app on a free port of this machine, inside the running event loop; signals stay the program's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

_GRACE_S = 2


@asynccontextmanager
async def serving(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serves on 127.0.0.1 while the block runs; gives the base URL. Raises OSError when the port is taken."""
    listener = socket.create_server(("127.0.0.1", port), backlog=2048)
    config = uvicorn.Config(
        app, access_log=False, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=_GRACE_S
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    ticking = asyncio.create_task(server.main_loop())
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await ticking
        await server.shutdown(sockets=[listener])
