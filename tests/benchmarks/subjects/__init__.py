"""Who is timed. Each stands in a module of its own, which imports no more than that subject needs: `subject(url)`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

Push = Callable[[], Awaitable[object]]
Subject = Callable[[str], AbstractAsyncContextManager[Push]]

DARAJA: Final = "DarajaClient"
HTTPX: Final = "bare httpx"
HTTPX_AIOHTTP: Final = "bare httpx over httpx-aiohttp"
AIOHTTP: Final = "bare aiohttp"

#: The subject of each name: a module of this package.
MODULES: Final = {
    DARAJA: "daraja_client",
    HTTPX: "bare_httpx",
    HTTPX_AIOHTTP: "over_httpx_aiohttp",
    AIOHTTP: "bare_aiohttp",
}

PUSH_PATH: Final = "/mpesa/stkpush/v1/processrequest"
HEADERS: Final = {"Authorization": "Bearer benchmark-token"}
BODY: Final[dict[str, Any]] = {
    "BusinessShortCode": 174379,
    "Password": "MTc0Mzc5aW52ZW50ZWQtcGFzc2tleTIwMjYxMTIyMTIwMDMw",
    "Timestamp": "20261122120030",
    "TransactionType": "CustomerPayBillOnline",
    "Amount": 1500,
    "PartyA": 254712345678,
    "PartyB": 174379,
    "PhoneNumber": 254712345678,
    "CallBackURL": "https://karo.invalid/daraja/stk/00112233445566778899aabbccddeeff",
    "AccountReference": "ADM104224",
    "TransactionDesc": "School fees",
}
