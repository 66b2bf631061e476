"""What a critic of the client found, and what it does now."""

from __future__ import annotations

import asyncio
import copy
import gzip
import json
import math
import pickle
from typing import Any

import pytest

from daraja import (
    AnswerLost,
    BadCallback,
    BadPhone,
    BadRequest,
    Credentials,
    DarajaClient,
    NeverSent,
    Refused,
    StkAccepted,
    TokenRefused,
    TokenUnavailable,
    TooSoon,
)
from daraja.answers import read_push_answer
from daraja.auth import read_token
from daraja.doctor import CauseClass, diagnose, examine
from daraja.doctor.addresses import PROBED
from daraja.doctor.probes import EMPTY, Prober
from daraja.doctor.subject import Product, Subject
from tests.daraja.host import CREDENTIALS, LIVE_TOKEN, NOW, now, push, wire
from tests.daraja.peers.host import PeerHost, accept
from tests.daraja.peers.peer import opened, outcome
from tests.daraja.sockets import Act, SocketHost, close, kept_token

ERRORS = [
    BadRequest("Amount", "whole shillings"),
    TooSoon("Amount", "asked just now", retry_after_s=7),
    NeverSent("nothing was sent"),
    TokenUnavailable("no access token", code="400.008.01", http_status=400, page="(nothing to read)"),
    Refused(code="1", message="Rejected", http_status=200, request_id="1-2-3", retry_after_s=60),
    TokenRefused(code="404.001.03", message="Invalid Access Token", http_status=404),
    AnswerLost("no answer", http_status=503, page="Service Unavailable"),
    BadCallback("no ResultCode"),
    BadPhone("too_short"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_reaches_another_process_as_it_is(error: Exception) -> None:
    sent = pickle.dumps(error)
    for arrived in (pickle.loads(sent), copy.copy(error)):  # noqa: S301 - our own
        assert type(arrived) is type(error)
        assert (str(arrived), vars(arrived)) == (str(error), vars(error))


@pytest.mark.parametrize(
    "copied",
    ['"invented"', "'invented'", "inven ted", "inven\nted", "\u200binvented", "invented\ufeff", "invënted"],
)
def test_a_key_that_was_copied_badly_is_refused_before_mpesa_refuses_it(copied: str) -> None:
    for place in range(4):
        values = ["key", "secret", "174379", "passkey"]
        values[place] = copied
        with pytest.raises(BadRequest) as caught:
            Credentials(*values)
        assert "ted" not in str(caught.value)


@pytest.mark.parametrize("length", [28, 101, 1200])
def test_a_token_may_be_long(length: int) -> None:
    body = json.dumps({"access_token": "e" * length, "expires_in": "3599"}).encode()
    assert len(read_token(200, body, NOW).value) == length


@pytest.mark.parametrize(
    "token", ["", " ", "a b", "a\r\nX-Header: b", "é", "x" * 10_000, 7.5, None, True, {}, ["x"]]
)
def test_what_no_header_can_carry_is_no_token(token: Any) -> None:
    with pytest.raises(TokenUnavailable):
        read_token(200, json.dumps({"access_token": token}).encode(), NOW)


@pytest.mark.parametrize("code", ["500.003.1001", "500.003.02", "500.009.77"])
def test_a_response_code_that_does_not_tell_is_not_taken_for_a_no(code: str) -> None:
    body = json.dumps({"ResponseCode": code, "ResponseDescription": "System is busy"}).encode()
    with pytest.raises(AnswerLost) as caught:
        read_push_answer(200, body)
    assert caught.value.code == code
    with pytest.raises(Refused):
        read_push_answer(200, wire("push_response_code_1"))


async def test_a_question_that_cannot_be_written_is_not_called_lost() -> None:
    async with PeerHost() as host, opened(DarajaClient, host) as client:
        ended = await outcome(client.stk_query("\ud800"))
        assert host.posts or not isinstance(ended, AnswerLost)


@pytest.mark.parametrize("timeout_s", [0, -1.0, math.nan])
def test_a_time_limit_that_leaves_no_time_is_refused(timeout_s: float) -> None:
    with pytest.raises(BadRequest):
        DarajaClient(CREDENTIALS, timeout_s=timeout_s)


async def test_no_push_waits_for_anothers_answer() -> None:
    many = 102
    together = asyncio.Barrier(many)

    async def when_all_are_there(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await together.wait()
        await accept(1)(reader, writer)

    async with (
        PeerHost(*[when_all_are_there] * many) as host,
        opened(DarajaClient, host, token_store=await kept_token(), timeout_s=10.0) as client,
    ):
        ended = await asyncio.gather(*(outcome(push(client)) for _ in range(many)))
    assert {type(each) for each in ended} == {StkAccepted}


def _answer_with(header: str, body: bytes) -> Act:
    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 200 OK\r\n{header}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return act


async def test_an_answer_that_was_packed_unasked_is_read() -> None:
    packed = _answer_with("Content-Encoding: gzip", gzip.compress(wire("push_accepted")))
    async with PeerHost(packed) as host, opened(DarajaClient, host) as client:
        assert isinstance(await outcome(push(client)), StkAccepted)


async def test_a_small_answer_does_not_swell_to_a_huge_one() -> None:
    body = b'{"ResponseCode": "0", "CheckoutRequestID": "x", "more": "' + b" " * 20_000_000 + b'"}'
    swelling = _answer_with("Content-Encoding: gzip", gzip.compress(body))
    async with PeerHost(swelling) as host, opened(DarajaClient, host) as client:
        assert isinstance(await outcome(push(client)), AnswerLost)


ODD_HTTP: dict[str, tuple[bytes, type]] = {
    "no length": (b"HTTP/1.1 200 OK\r\n\r\n%b", StkAccepted),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\n%b", StkAccepted),
    "go on": (b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + b"HTTP/1.1 200 OK\r\n\r\n%b", StkAccepted),
    "a byte order mark": (b"HTTP/1.1 200 OK\r\n\r\n\xef\xbb\xbf%b", StkAccepted),
    "an odd charset": (b"HTTP/1.1 200 OK\r\nContent-Type: text/x; charset=none\r\n\r\n%b", StkAccepted),
    "not so packed": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n%b", AnswerLost),
    "a chunk that is none": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n%b", AnswerLost),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\n%b", AnswerLost),
    "a length below 0": (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n%b", AnswerLost),
    "another protocol": (b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n%b", AnswerLost),
    "a status of its own": (b"HTTP/1.1 999 X\r\n\r\n%b", AnswerLost),
    "a long header": (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n%b", AnswerLost),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n%b", AnswerLost),
}


@pytest.mark.parametrize(("said", "kind"), ODD_HTTP.values(), ids=ODD_HTTP.keys())
async def test_odd_http_is_an_answer_or_a_lost_one(said: bytes, kind: type) -> None:
    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said % wire("push_accepted"))
        await writer.drain()
        writer.close()

    async with PeerHost(act) as host, opened(DarajaClient, host) as client:
        assert type(await outcome(push(client))) is kind
        assert len(host.posts) == 1


async def test_no_cookie_is_sent_back() -> None:
    baked = _answer_with("Set-Cookie: visid_incap=1; path=/", wire("push_accepted"))
    async with PeerHost(baked) as host:
        named = host.url.replace("127.0.0.1", "localhost")  # a cookie belongs to a name
        async with opened(DarajaClient, host, base_url=named) as client:
            await outcome(push(client))
            await outcome(push(client))
        assert [seen.headers.get("cookie") for seen in host.posts] == [None, None]


@pytest.mark.parametrize(
    "date", ["Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 01 Jan 2026 00:00:00 +9999", "soon"]
)
async def test_the_doctor_outlives_any_date(date: str) -> None:
    async def mint() -> Any:
        return LIVE_TOKEN

    async with PeerHost(_answer_with(f"Date: {date}", wire("error_bad_field"))) as host:
        subject = Subject(
            credentials=CREDENTIALS, base_url=host.url, environment="sandbox", mint=mint, clock=now
        )
        async with Prober(subject) as prober:
            answer = await prober.post(PROBED[Product.STK], LIVE_TOKEN, EMPTY)
    assert answer.ahead_s is None


async def test_an_oauth_call_that_breaks_off_is_mpesas_affair() -> None:
    async with (
        SocketHost(close, on_get=close) as server,
        DarajaClient(CREDENTIALS, base_url=server.url, clock=now) as client,
    ):
        subject = Subject(
            credentials=CREDENTIALS,
            base_url=server.url,
            environment="sandbox",
            mint=client.renew_token,
            clock=now,
            pause_s=0,
        )
        assert diagnose(await examine(subject)).cause == CauseClass.MPESA_DOWN
