"""C2B's two calls: what M-PESA is told, and what it answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daraja import AnswerLost, BadRequest, Refused, RegisterUrls, SimulateC2B, TokenRefused
from daraja.c2b_requests import read_register_answer, read_simulate_answer
from tests.daraja.host import wire
from tests.daraja.test_any_answer import BODIES

URLS = {
    "validation_url": "https://karo.invalid/daraja/c2b/0123/validation",
    "confirmation_url": "https://karo.invalid/daraja/c2b/0123/confirmation",
}


def registration(**changes: Any) -> RegisterUrls:
    return RegisterUrls(**({"shortcode": "600984"} | URLS | changes))


def test_a_registration_is_worded_as_the_page_says() -> None:
    assert registration().path == "/mpesa/c2b/v2/registerurl"
    assert registration(version="v1").path == "/mpesa/c2b/v1/registerurl"
    assert registration(response_type="Cancelled").body() == {
        "ShortCode": "600984",
        "ResponseType": "Cancelled",
        "ValidationURL": URLS["validation_url"],
        "ConfirmationURL": URLS["confirmation_url"],
    }
    assert "0123" not in repr(registration())


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("ResponseType", {"response_type": "completed"}),
        ("ResponseType", {"response_type": "Canceled"}),
        ("version", {"version": "v3"}),
        ("ShortCode", {"shortcode": "12"}),
        ("ValidationURL", {"validation_url": "http://karo.invalid/c2b"}),
        ("ValidationURL", {"validation_url": "https://mpesa.karo.invalid/c2b"}),
        ("ConfirmationURL", {"confirmation_url": "https://karo.invalid/MPESA/c2b"}),
        ("ConfirmationURL", {"confirmation_url": "https://mysql.karo.invalid/c2b"}),
        ("ConfirmationURL", {"confirmation_url": ""}),
    ],
)
def test_what_mpesa_would_refuse_is_found_before_it_is_sent(field: str, changes: dict[str, str]) -> None:
    with pytest.raises(BadRequest) as caught:
        registration(**changes)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("name", "conversation"),
    [
        ("c2b_registered", "6e86-45dd-91ac-fd5d4178ab523408729"),
        ("c2b_registered_padded", "7619-37765134-1"),
        ("c2b_registered_without_code", ""),
    ],
)
def test_every_shape_of_success_is_a_success(name: str, conversation: str) -> None:
    registered = read_register_answer(200, wire(name))
    assert registered.originator_conversation_id == conversation
    assert registered.response_description.lower() == "success"


def test_the_id_is_found_in_the_right_spelling_too() -> None:
    body = b'{"OriginatorConversationID": "1-2-3", "ResponseCode": "0"}'
    assert read_register_answer(200, body).originator_conversation_id == "1-2-3"


@pytest.mark.parametrize(
    "body",
    [
        wire("error_urls_registered"),
        wire("error_duplicate_notification"),
        b'{"errorMessage": "Duplicate notification info, SP ID is 1, correlator is 2"}',
        b'{"ResponseCode": "1", "ResponseDescription": "URLs are already registered"}',
    ],
)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_urls_that_stand_already_are_a_cause_of_their_own(status: int, body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        read_register_answer(status, body)
    assert caught.value.cause == "already_registered"
    assert caught.value.http_status == status
    assert not caught.value.safe_to_retry


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"{}", AnswerLost),
        (200, b'{"ResponseDescription": "Rejected"}', AnswerLost),
        (200, b'{"ResponseCode": "1", "ResponseDescription": "Rejected"}', Refused),
        (500, b'{"ResponseDescription": "success"}', AnswerLost),
        (500, b'{"errorCode": "500.003.1001", "errorMessage": "Internal Server Error"}', AnswerLost),
        (503, b"<html>no</html>", AnswerLost),
        (400, b'{"errorCode": "400.003.02", "errorMessage": "Bad Request"}', Refused),
        (400, b'{"errorCode": "400.003.01", "errorMessage": "Invalid Access Token"}', TokenRefused),
    ],
)
def test_what_is_no_clear_yes_is_none(status: int, body: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        read_register_answer(status, body)


def test_a_product_that_the_app_does_not_hold_is_a_cause_of_its_own() -> None:
    with pytest.raises(TokenRefused) as caught:
        read_register_answer(401, wire("error_token_refused_by_product"))
    assert (caught.value.cause, caught.value.code) == ("no_api_product", "401.003.01")
    bare = b'{"errorCode": "401.003.01", "errorMessage": "Error Occurred - Invalid Access Token - "}'
    with pytest.raises(TokenRefused) as caught:
        read_register_answer(401, bare)
    assert caught.value.cause == "token_refused"


def test_a_simulated_payment_is_worded_as_the_page_says() -> None:
    paid = SimulateC2B(shortcode="600984", amount_kes=10, msisdn="254708374149", bill_ref_number="ADM 1042")
    assert paid.path == "/mpesa/c2b/v2/simulate"
    assert paid.body() == {
        "ShortCode": 600984,
        "CommandID": "CustomerPayBillOnline",
        "Amount": 10,
        "Msisdn": 254708374149,
        "BillRefNumber": "ADM 1042",
    }
    till = SimulateC2B(
        shortcode="600984",
        amount_kes=10,
        msisdn="254708374149",
        transaction_type="CustomerBuyGoodsOnline",
        version="v1",
    )
    assert "BillRefNumber" not in till.body()
    assert till.path == "/mpesa/c2b/v1/simulate"
    answer = b'{"OriginatorCoversationID": "53e3-1", "ResponseCode": "0", "ResponseDescription": "Accept"}'
    assert read_simulate_answer(200, answer).originator_conversation_id == "53e3-1"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("BillRefNumber", {"bill_ref_number": ""}),
        ("BillRefNumber", {"bill_ref_number": "x" * 21}),
        ("BillRefNumber", {"bill_ref_number": "a\nb"}),
        ("BillRefNumber", {"transaction_type": "CustomerBuyGoodsOnline"}),
        ("Amount", {"amount_kes": 0}),
        ("Msisdn", {"msisdn": "0708374149"}),
        ("TransactionType", {"transaction_type": "PayBill"}),
    ],
)
def test_a_simulated_payment_that_cannot_be_is_refused(field: str, changes: dict[str, Any]) -> None:
    sound: dict[str, Any] = {
        "shortcode": "600984",
        "amount_kes": 10,
        "msisdn": "254708374149",
        "bill_ref_number": "A1",
    }
    with pytest.raises(BadRequest) as caught:
        SimulateC2B(**(sound | changes))
    assert caught.value.field == field


@settings(max_examples=60)
@given(st.integers(100, 599), BODIES)
def test_any_answer_to_a_registration_is_typed_and_success_needs_http_2xx(status: int, body: bytes) -> None:
    for read in (read_register_answer, read_simulate_answer):
        try:
            read(status, body)
        except (Refused, AnswerLost):
            continue
        assert 200 <= status < 300
