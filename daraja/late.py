"""The one place that imports when it is called and not at the top: aiohttp alone takes longer than all the rest.

Who only reads callbacks, or has not made a client yet, does not wait for it.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    import httpx


def load(module: str) -> ModuleType:
    """The module of this name, imported now if nobody has yet."""
    return importlib.import_module(module)


def aiohttp_transport() -> httpx.AsyncBaseTransport:
    """httpx's transport over aiohttp, made for this client."""
    transport: httpx.AsyncBaseTransport = load("daraja.aiohttp_transport").WholeAiohttp()
    return transport


def no_connection() -> tuple[type[BaseException], ...]:
    """aiohttp's class for a connection that did not come about; none while nobody has imported aiohttp."""
    aiohttp = sys.modules.get("aiohttp")
    return () if aiohttp is None else (aiohttp.ClientConnectorError,)


def answer_with_headers() -> tuple[type[BaseException], ...]:
    """aiohttp's class for an answer that is not HTTP: its repr shows the request's headers, token and all."""
    aiohttp = sys.modules.get("aiohttp")
    return () if aiohttp is None else (aiohttp.ClientResponseError,)
