"""httpx alone: it checks nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.benchmarks.subjects import BODY, HEADERS, PUSH_PATH, Push


@asynccontextmanager
async def subject(url: str, transport: httpx.AsyncBaseTransport | None = None) -> AsyncIterator[Push]:
    """With httpx's own transport, or the one given."""
    async with httpx.AsyncClient(base_url=url, transport=transport, trust_env=False, timeout=30.0) as client:

        async def push() -> object:
            response = await client.post(PUSH_PATH, json=BODY, headers=HEADERS)
            return response.json()["CheckoutRequestID"]

        yield push
