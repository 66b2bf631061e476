"""A client under examination: how it is opened, and what its calls end in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from daraja import Credentials, DarajaClient
from tests.daraja.host import CREDENTIALS, now
from tests.daraja.peers.host import PeerHost

Peer = type[DarajaClient]
T = TypeVar("T")


@asynccontextmanager
async def opened(
    peer: Peer, host: PeerHost, *, credentials: Credentials = CREDENTIALS, **options: Any
) -> AsyncIterator[DarajaClient]:
    """A client of that kind, whose calls end at `host`."""
    async with peer(credentials, **{"base_url": host.url, "clock": now, **options}) as client:
        yield client


async def outcome(call: Awaitable[T]) -> T | Exception:
    """What a call returns or raises, so that a check can say which it should have been."""
    try:
        return await call
    except Exception as error:
        return error
