"""The library's Bot, set up for one long poll and a handful of calls at a time."""

from __future__ import annotations

import os
from ipaddress import ip_address
from ssl import SSLContext
from urllib.parse import urlsplit

import httpx
from telegram import Bot
from telegram.request import HTTPXRequest

TELEGRAM_API_URL = "https://api.telegram.org"
CONNECTIONS = 64
TIMEOUT_S = 10.0


def make_bot(token: str, api_url: str = TELEGRAM_API_URL, *, timeout_s: float = TIMEOUT_S) -> Bot:
    """A bot that is not initialised yet (`async with` does that, and asks Telegram who it is).

    api_url: any Bot API server, without a last slash. timeout_s: seconds for connecting, and for an answer.
    """
    os.environ.setdefault(
        "PTB_TIMEDELTA", "true"
    )  # without it, reading `retry_after` is a deprecation warning
    base = api_url.rstrip("/")
    trusted = httpx.create_ssl_context()  # once for both: reading all authorities takes its time
    return Bot(
        token,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=_request(base, CONNECTIONS, timeout_s, trusted),
        get_updates_request=_request(base, 2, timeout_s, trusted),
    )


def _request(api_url: str, connections: int, timeout_s: float, trusted: SSLContext) -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=connections,
        connect_timeout=timeout_s,
        read_timeout=timeout_s,
        write_timeout=timeout_s,
        pool_timeout=timeout_s,
        # an office's proxy stands between us and the world, never between us and this machine
        httpx_kwargs={"trust_env": not _is_loopback(urlsplit(api_url).hostname or ""), "verify": trusted},
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
