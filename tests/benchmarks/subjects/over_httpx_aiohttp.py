"""httpx with aiohttp's transport: it checks nothing."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from httpx_aiohttp import AiohttpTransport

from tests.benchmarks.subjects import Push, bare_httpx


def subject(url: str) -> AbstractAsyncContextManager[Push]:
    """The same client, another transport."""
    return bare_httpx.subject(url, AiohttpTransport())
