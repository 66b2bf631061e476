"""Answers made of anything at all."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from daraja import AnswerLost, Refused, TokenUnavailable, look_up
from daraja.answers import read_push_answer, read_query_answer
from daraja.auth import read_token
from daraja.catalogue import Channel
from tests.daraja.host import CHECKOUT, NOW

HTML = b"<html><body><h1>503 Service Unavailable</h1></body></html>"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
CODES = VALUES | st.sampled_from(
    ["0", "1", "1032", "4999", "500.001.1001", "500.003.02", "404.001.03", "400.002.02"]
)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "ResponseCode": CODES,
        "ResultCode": CODES,
        "errorCode": CODES,
        "errorMessage": VALUES | st.sampled_from(["Spike Arrest", "System is busy", "Invalid Access Token"]),
        "requestId": VALUES,
        "CheckoutRequestID": VALUES | st.just(CHECKOUT),
        "MerchantRequestID": VALUES,
        "ResponseDescription": VALUES,
        "ResultDesc": VALUES,
        "access_token": VALUES,
        "expires_in": VALUES,
    },
)
BODIES = st.binary(max_size=120) | (VALUES | ANSWERS).map(lambda value: json.dumps(value).encode())


@given(st.integers(100, 599), BODIES)
def test_any_answer_to_a_push_is_typed_and_success_needs_a_clear_yes(status: int, body: bytes) -> None:
    try:
        accepted = read_push_answer(status, body)
    except Refused as refused:
        known = look_up(Channel.PUSH, refused.code, refused.message).money == "unmoved"
        assert known or 200 <= status < 300 or (400 <= status < 500 and status not in {408, 425, 429})
    except AnswerLost:
        pass
    else:
        assert 200 <= status < 300
        assert accepted.checkout_request_id


@given(st.integers(100, 599), BODIES)
def test_any_answer_to_a_query_is_typed_and_paid_needs_a_clear_yes(status: int, body: bytes) -> None:
    try:
        result = read_query_answer(status, body, CHECKOUT)
    except (Refused, AnswerLost):
        return
    if result.outcome == "paid":
        assert 200 <= status < 300
        assert result.result_code == "0"
    if result.outcome == "failed":
        assert look_up(Channel.QUERY, result.result_code).final


@given(st.integers(100, 599), BODIES)
def test_any_answer_to_oauth_is_a_token_or_none(status: int, body: bytes) -> None:
    try:
        token = read_token(status, body, NOW)
    except TokenUnavailable:
        return
    assert token.value.isascii()
    assert token.expires_at >= NOW
    assert token.value not in repr(token) or len(token.value) < 3
