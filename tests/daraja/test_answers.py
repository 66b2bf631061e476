"""Daraja's answers to a push."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daraja import AnswerLost, Refused, StkAccepted, TokenRefused
from daraja.answers import is_token_refusal, read_push_answer, read_query_answer
from tests.daraja.host import CHECKOUT, wire

HTML = b"<html><body><h1>503 Service Unavailable</h1></body></html>"


def _push(status: int, **fields: Any) -> StkAccepted:
    return read_push_answer(status, json.dumps(fields).encode())


def test_an_accepted_push_names_its_ids() -> None:
    accepted = read_push_answer(200, wire("push_accepted"))
    assert accepted.merchant_request_id == "2654-4b64-97ff-b827b542881d3130"
    assert accepted.checkout_request_id == "ws_CO_1007202409152617172396192"
    assert accepted.customer_message == "Success. Request accepted for processing"
    assert accepted.checkout_request_id not in repr(accepted)


@pytest.mark.parametrize("code", ["0", 0, "00", 0.0])
def test_zero_is_acceptance_however_it_is_written(code: Any) -> None:
    assert _push(200, ResponseCode=code, CheckoutRequestID=CHECKOUT).checkout_request_id == CHECKOUT


@pytest.mark.parametrize("code", ["1", 1, "4999", "SFC_IC0003"])
def test_http_200_with_another_response_code_is_a_refusal(code: Any) -> None:
    with pytest.raises(Refused) as caught:
        _push(200, ResponseCode=code, ResponseDescription="Rejected", CheckoutRequestID=CHECKOUT)
    refused = caught.value
    assert (refused.code, refused.http_status, refused.cause) == (str(code), 200, "refused_other")
    assert not refused.money_may_have_moved


@pytest.mark.parametrize(
    ("status", "name", "cause", "wait"),
    [
        (400, "error_bad_field", "bad_field", None),
        (400, "error_bad_payload", "bad_payload", None),
        (404, "error_not_found", "wrong_address", None),
        (405, "error_method", "wrong_address", None),
        (500, "error_no_merchant", "no_such_merchant", None),
        (500, "error_wrong_credentials", "wrong_credentials", None),
        (500, "error_locked", "subscriber_locked", 60),
        (500, "error_spike_arrest", "spike_arrest", 60),
        (429, "error_spike_arrest", "spike_arrest", 60),
        (500, "error_quota", "quota", 300),
        (200, "error_bad_field", "bad_field", None),
    ],
)
def test_a_known_refusal_is_definite_under_any_http_status(
    status: int, name: str, cause: str, wait: int | None
) -> None:
    with pytest.raises(Refused) as caught:
        read_push_answer(status, wire(name))
    refused = caught.value
    assert (refused.cause, refused.retry_after_s, refused.safe_to_retry) == (cause, wait, wait is not None)
    assert refused.request_id == "1c5b-4ba8-815c-ac45c57a3db01495926"
    assert refused.message


@pytest.mark.parametrize("status", [200, 400, 500, 503])
@pytest.mark.parametrize(
    ("name", "cause"), [("error_busy", "busy_unclear"), ("error_internal", "internal_error")]
)
def test_busy_and_internal_errors_are_uncertain_under_any_http_status(
    status: int, name: str, cause: str
) -> None:
    with pytest.raises(AnswerLost) as caught:
        read_push_answer(status, wire(name))
    assert (caught.value.cause, caught.value.http_status) == (cause, status)
    assert caught.value.code.startswith("500.003")


@pytest.mark.parametrize("status", [401, 404, 500, 200])
@pytest.mark.parametrize("name", ["error_token_refused", "error_token_refused_by_product"])
def test_a_refused_token_is_known_by_code_or_text_under_any_http_status(status: int, name: str) -> None:
    assert is_token_refusal(wire(name))
    with pytest.raises(TokenRefused):
        read_push_answer(status, wire(name))
    with pytest.raises(TokenRefused):
        read_query_answer(status, wire(name), CHECKOUT)


@pytest.mark.parametrize(
    "body", [b"", b"[]", HTML, wire("push_accepted"), wire("error_bad_field"), b'{"errorCode": 404}']
)
def test_nothing_else_is_a_refused_token(body: bytes) -> None:
    assert not is_token_refusal(body)


def test_an_accepted_push_is_never_a_refused_token_whatever_its_words() -> None:
    body = {"ResponseCode": "0", "CheckoutRequestID": CHECKOUT, "errorMessage": "Invalid Access Token"}
    assert not is_token_refusal(json.dumps(body).encode())


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_an_unknown_code_under_http_4xx_is_a_refusal(status: int) -> None:
    with pytest.raises(Refused) as caught:
        _push(status, errorCode="409.001.77", errorMessage="Something new")
    assert (caught.value.code, caught.value.cause, caught.value.safe_to_retry) == (
        "409.001.77",
        "unknown",
        False,
    )


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((status, "409.001.77") for status in (200, 302, 408, 429, 500, 503)),
        *((400, code) for code in ("500.001.1001", "500.999.99", "")),
        (500, "500.001.1001"),
    ],
)
def test_an_unknown_code_is_otherwise_uncertain(status: int, code: str) -> None:
    with pytest.raises(AnswerLost):
        _push(status, errorCode=code, errorMessage="Something new")


@pytest.mark.parametrize("status", [200, 302, 400, 403, 404, 429, 500, 502, 503, 504])
@pytest.mark.parametrize(
    "body", [b"", HTML, b"[]", b"{}", b'{"a": 1}', b'{"ResponseCode": null}', b"\xff", b'{"Resp']
)
def test_an_answer_that_cannot_be_read_is_uncertain(status: int, body: bytes) -> None:
    with pytest.raises(AnswerLost):
        read_push_answer(status, body)
    with pytest.raises(AnswerLost):
        read_query_answer(status, body, CHECKOUT)


@pytest.mark.parametrize("status", [302, 400, 500, 503])
def test_acceptance_under_an_http_error_is_uncertain(status: int) -> None:
    with pytest.raises(AnswerLost):
        read_push_answer(status, wire("push_accepted"))


@pytest.mark.parametrize("checkout", [None, "", {}, "two words"])
def test_acceptance_without_a_checkout_id_is_uncertain(checkout: Any) -> None:
    with pytest.raises(AnswerLost):
        _push(200, ResponseCode="0", CheckoutRequestID=checkout)


def test_what_mpesa_says_is_kept_without_numbers_ids_and_keys() -> None:
    words = f"Invalid {CHECKOUT} of 254712345678\n with MTc0Mzc5YmZiMjc5Zj1hYTliZGJjZjE="
    with pytest.raises(Refused) as caught:
        _push(400, errorCode="400.002.02", errorMessage=words)
    assert caught.value.message == "Invalid ••• of •••  with •••"
