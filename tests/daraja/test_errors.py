"""Failures of the transport: every exception becomes NeverSent or AnswerLost, judged by its cause."""

from __future__ import annotations

import inspect
import ssl
from typing import Any

import aiohttp
import httpx
import pytest
from aiohttp.client_reqrep import ConnectionKey, RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from daraja import (
    AnswerLost,
    BadCallback,
    BadRequest,
    DarajaClient,
    DarajaError,
    MemoryTokenStore,
    NeverSent,
    Refused,
    TokenRefused,
    TokenUnavailable,
)
from tests.daraja.host import CHECKOUT, CREDENTIALS, LIVE_TOKEN, now, push, tell_tales, wire

REQUEST = httpx.Request("POST", "https://daraja.invalid/push", headers={"Authorization": "Bearer kept-token"})
KEY = ConnectionKey("daraja.invalid", 443, True, True, None, None, None)
SENT = RequestInfo(
    URL("https://daraja.invalid/push"),
    "POST",
    CIMultiDictProxy(CIMultiDict({"Authorization": "Bearer kept-token"})),
    URL("https://daraja.invalid/push"),
)


def _httpx_exceptions() -> list[Exception]:
    """One of each exception class that httpx has, whatever its constructor asks for."""
    ready: list[Exception] = []
    for _, kind in inspect.getmembers(httpx, inspect.isclass):
        if issubclass(kind, httpx.HTTPStatusError):
            ready.append(kind("m", request=REQUEST, response=httpx.Response(500, request=REQUEST)))
        elif issubclass(kind, Exception):
            wants = "message" in inspect.signature(kind).parameters
            ready.append(kind("m") if wants else kind())
    return ready


def _never_sent() -> list[Exception]:
    refused = ConnectionRefusedError(111, "Connection refused")
    certificate = ssl.SSLCertVerificationError(1, "self-signed certificate")
    return [
        aiohttp.ClientConnectorError(KEY, refused),
        aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "Name or service not known")),
        aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError(1, "handshake failure")),
        aiohttp.ClientConnectorCertificateError(KEY, certificate),
    ]


def _sent() -> list[Exception]:
    return [
        aiohttp.ClientError("x"),
        aiohttp.ClientConnectionError("x"),
        aiohttp.ClientOSError(104, "Connection reset by peer"),
        aiohttp.ClientConnectionResetError("x"),
        aiohttp.ClientPayloadError("x"),
        aiohttp.ClientResponseError(SENT, (), status=400, message="bad"),
        aiohttp.ServerDisconnectedError(),
        aiohttp.ServerTimeoutError("x"),
        aiohttp.ConnectionTimeoutError("x"),
        aiohttp.SocketTimeoutError("x"),
        ConnectionRefusedError(111, "not from the connector"),
        ConnectionResetError(104, "x"),
        TimeoutError("x"),
        ssl.SSLError(1, "x"),
        EOFError("x"),
        ValueError("x"),
        RuntimeError("x"),
        RecursionError("x"),
    ]


class Failing(httpx.AsyncBaseTransport):
    """Raises `error`, chained from `origin`, on requests of one method; answers the other with a token."""

    def __init__(self, error: Exception, *, on: str, origin: Exception | None = None) -> None:
        self._error = error
        self._origin = origin
        self._on = on
        self.posts = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.posts += request.method == "POST"
        if request.method == self._on:
            raise self._error from self._origin
        return httpx.Response(200, stream=httpx.ByteStream(wire("token_text")))


async def _failure(transport: Failing) -> DarajaError:
    async with DarajaClient(CREDENTIALS, transport=transport, clock=now) as client:
        with pytest.raises(DarajaError) as caught:
            await push(client)
    assert tell_tales(caught.value) == []
    return caught.value


def _name(value: Any) -> str:
    return type(value).__name__


@pytest.mark.parametrize("error", [*_httpx_exceptions(), *_sent()], ids=_name)
async def test_whatever_breaks_a_push_is_uncertain_and_not_sent_again(error: Exception) -> None:
    transport = Failing(error, on="POST")
    lost = await _failure(transport)
    assert type(lost) is AnswerLost
    assert lost.money_may_have_moved
    assert not lost.safe_to_retry
    assert transport.posts == 1


@pytest.mark.parametrize("error", [*_httpx_exceptions(), *_sent(), *_never_sent()], ids=_name)
async def test_whatever_breaks_oauth_means_that_no_push_was_sent(error: Exception) -> None:
    transport = Failing(error, on="GET")
    unavailable = await _failure(transport)
    assert type(unavailable) is TokenUnavailable
    assert not unavailable.money_may_have_moved
    assert transport.posts == 0


@pytest.mark.parametrize("origin", _never_sent(), ids=_name)
@pytest.mark.parametrize("error", [httpx.ConnectTimeout("m"), httpx.ConnectError("m")], ids=_name)
async def test_no_connection_means_never_sent_under_either_class_of_httpx(
    error: Exception, origin: Exception
) -> None:
    never = await _failure(Failing(error, on="POST", origin=origin))
    assert type(never) is NeverSent
    assert never.safe_to_retry


@pytest.mark.parametrize("origin", _sent(), ids=_name)
@pytest.mark.parametrize("error", [httpx.ConnectTimeout("m"), httpx.ConnectError("m")], ids=_name)
async def test_httpx_saying_connect_is_not_believed_without_the_cause(
    error: Exception, origin: Exception
) -> None:
    assert type(await _failure(Failing(error, on="POST", origin=origin))) is AnswerLost


async def test_the_cause_may_lie_deeper() -> None:
    between = OSError("x")
    between.__cause__ = _never_sent()[0]
    assert type(await _failure(Failing(httpx.ReadError("m"), on="POST", origin=between))) is NeverSent


async def test_a_cause_is_only_what_was_raised_from_not_what_happened_before() -> None:
    error = httpx.ReadError("m")
    error.__context__ = aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(111, "earlier"))
    assert type(await _failure(Failing(error, on="POST"))) is AnswerLost


async def test_a_loop_of_causes_ends() -> None:
    one, other = httpx.ReadError("m"), OSError("x")
    other.__cause__ = one
    async with DarajaClient(
        CREDENTIALS, transport=Failing(one, on="POST", origin=other), clock=now
    ) as client:
        with pytest.raises(AnswerLost):
            await push(client)


async def test_a_token_store_that_fails_means_that_no_push_was_sent() -> None:
    class Broken(MemoryTokenStore):
        async def load(self) -> None:
            raise OSError("disk full")

    transport = Failing(OSError("x"), on="POST")
    async with DarajaClient(CREDENTIALS, transport=transport, clock=now, token_store=Broken()) as client:
        with pytest.raises(TokenUnavailable):
            await push(client)
    assert transport.posts == 0


async def test_a_query_that_breaks_is_told_in_the_same_words() -> None:
    store = MemoryTokenStore()
    await store.save(LIVE_TOKEN)
    transport = Failing(httpx.ReadTimeout("m"), on="POST")
    async with DarajaClient(CREDENTIALS, transport=transport, clock=now, token_store=store) as client:
        with pytest.raises(AnswerLost) as caught:
            await client.stk_query(CHECKOUT)
    assert tell_tales(caught.value) == []


@pytest.mark.parametrize(
    ("error", "moved", "retry", "cause"),
    [
        (BadRequest("Amount", "whole shillings"), False, False, "bad_request_local"),
        (NeverSent("x"), False, True, "never_sent"),
        (TokenUnavailable("x"), False, True, "no_token"),
        (Refused(code="1", message="x", http_status=200), False, False, "refused_other"),
        (
            Refused(code="1", message="x", http_status=200, cause="quota", retry_after_s=300),
            False,
            True,
            "quota",
        ),
        (TokenRefused(code="404.001.03", message="x", http_status=404), False, False, "token_refused"),
        (AnswerLost("x"), True, False, "answer_lost"),
        (AnswerLost("x", cause="busy_unclear"), True, False, "busy_unclear"),
        (BadCallback("x"), True, False, "unknown"),
    ],
    ids=_name,
)
def test_each_error_says_what_of_the_money_and_of_trying_again(
    error: DarajaError, moved: bool, retry: bool, cause: str
) -> None:
    assert (error.money_may_have_moved, error.safe_to_retry, error.cause) == (moved, retry, cause)
