"""aiohttp alone: it checks nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from tests.benchmarks.subjects import BODY, HEADERS, PUSH_PATH, Push


@asynccontextmanager
async def subject(url: str) -> AsyncIterator[Push]:
    """aiohttp's own session."""
    async with aiohttp.ClientSession() as session:

        async def push() -> object:
            async with session.post(url + PUSH_PATH, json=BODY, headers=HEADERS) as response:
                return json.loads(await response.read())["CheckoutRequestID"]

        yield push
