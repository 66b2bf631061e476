"""Daraja's answers to a query."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daraja import AnswerLost, Refused, StkQueryResult
from daraja.answers import read_query_answer
from tests.daraja.host import CHECKOUT, wire

HTML = b"<html><body><h1>503 Service Unavailable</h1></body></html>"


def _query(status: int, **fields: Any) -> StkQueryResult:
    return read_query_answer(status, json.dumps(fields).encode(), CHECKOUT)


@pytest.mark.parametrize(
    ("name", "outcome", "code"),
    [
        ("query_paid", "paid", "0"),
        ("query_pending", "pending", "4999"),
        ("query_cancelled", "failed", "1032"),
        ("query_unreachable", "failed", "1037"),
    ],
)
def test_a_query_tells_what_became_of_a_push(name: str, outcome: str, code: str) -> None:
    result = read_query_answer(200, wire(name), CHECKOUT)
    assert (result.outcome, result.result_code) == (outcome, code)


@pytest.mark.parametrize("status", [200, 400, 404, 500, 503])
@pytest.mark.parametrize(
    "name", ["query_error_processing", "query_error_empty", "query_error_does_not_exist"]
)
def test_being_processed_is_an_undecided_result_under_any_http_status(status: int, name: str) -> None:
    result = read_query_answer(status, wire(name), CHECKOUT)
    assert (result.outcome, result.result_code) == ("undecided", "500.001.1001")


@pytest.mark.parametrize("code", ["500.001.1001", "500.001.001", "1036", "1050", "2029", "26", "77777"])
def test_a_result_code_that_is_not_known_to_be_final_is_undecided(code: str) -> None:
    result = _query(200, ResponseCode="0", ResultCode=code, ResultDesc="x")
    assert (result.outcome, result.result_code) == ("undecided", code)


@pytest.mark.parametrize(
    ("code", "outcome"), [(0, "paid"), (1032, "failed"), (4999, "pending"), ("00", "undecided")]
)
def test_a_query_takes_numbers_for_codes(code: Any, outcome: str) -> None:
    assert _query(200, ResponseCode=0, ResultCode=code).outcome == outcome


@pytest.mark.parametrize(
    "fields", [{}, {"ResponseCode": None}, {"ResponseCode": "0", "CheckoutRequestID": "ws_CO_other"}]
)
def test_paid_is_only_believed_of_a_whole_answer_about_this_push(fields: dict[str, Any]) -> None:
    with pytest.raises(AnswerLost):
        _query(200, ResultCode="0", **fields)


@pytest.mark.parametrize("status", [400, 500])
def test_paid_is_not_believed_under_an_http_error(status: int) -> None:
    with pytest.raises(AnswerLost):
        read_query_answer(status, wire("query_paid"), CHECKOUT)


def test_a_query_whose_response_code_is_not_zero_was_refused() -> None:
    with pytest.raises(Refused):
        _query(200, ResponseCode="1", ResultCode="0")


def test_a_query_for_an_id_that_mpesa_does_not_know_was_refused() -> None:
    with pytest.raises(Refused) as caught:
        read_query_answer(400, wire("query_error_invalid_id"), CHECKOUT)
    assert caught.value.cause == "query_no_such_id"


@pytest.mark.parametrize("name", ["error_busy", "error_internal"])
def test_a_vague_error_leaves_a_query_without_an_answer(name: str) -> None:
    with pytest.raises(AnswerLost):
        read_query_answer(500, wire(name), CHECKOUT)


def test_a_query_answered_without_a_result_code_has_no_answer() -> None:
    with pytest.raises(AnswerLost):
        _query(200, ResponseCode="0", ResultDesc="x")
