"""The catalogue of codes."""

from __future__ import annotations

import pytest

from daraja import CATALOGUE, CAUSES, Channel, Turn, look_up
from daraja.catalogue import PAYMENT_CHANNELS

RESULTS = {
    "paid": ["0"],
    "insufficient_funds": ["1"],
    "below_minimum": ["2"],
    "above_maximum": ["3"],
    "daily_limit": ["4"],
    "receiver_full": ["8"],
    "account_problem": ["5", "6", "7", "10", "11", "12", "13", "14"],
    "duplicate_request": ["15"],
    "too_soon": ["17"],
    "operator_fault": ["18", "20", "21", "22"],
    "mpesa_busy": ["26"],
    "phone_busy": ["1001"],
    "expired": ["1019"],
    "prompt_not_sent": ["1025", "9999"],
    "cancelled": ["1032"],
    "unreachable": ["1037"],
    "wrong_pin": ["2001"],
    "account_inactive": ["2006"],
    "wrong_product": ["2028"],
    "not_registered": ["2040"],
    "pin_locked": ["8006"],
    "unknown_operator": ["SFC_IC0003", "SFC_J_C0003"],
    "still_processing": ["4999"],
    "unexplained": ["1036", "1050", "2029"],
}
ERRORS = [
    ("400.002.02", "Bad Request - Invalid PhoneNumber", "bad_field"),
    ("400.002.05", "Invalid Request Payload", "bad_payload"),
    ("404.001.01", "Resource not found", "wrong_address"),
    ("404.001.04", "Invalid Authentication Header", "wrong_address"),
    ("405.001", "Method Not Allowed", "wrong_address"),
    ("404.001.03", "Invalid Access Token", "token_refused"),
    ("404.001.03", "", "token_refused"),
    ("401.003.01", "Error Occurred - Invalid Access Token - x", "token_refused"),
    ("500.001.1001", "Merchant does not exist", "no_such_merchant"),
    ("500.001.1001", "Wrong credentials", "wrong_credentials"),
    ("500.001.1001", "[MerchantValidate] - Wrong credentials", "wrong_credentials"),
    ("500.001.1001", "Unable to lock subscriber, a transaction is already in process", "subscriber_locked"),
    ("500.001.001", "UNABLE TO LOCK SUBSCRIBER", "subscriber_locked"),
    ("500.001.1001", "", "unknown"),
    ("500.003.02", "System is busy. Please try again in few minutes", "busy_unclear"),
    ("500.003.02", "", "busy_unclear"),
    ("500.003.02", "Error Occurred: Spike Arrest Violation", "spike_arrest"),
    ("500.003.03", "Quota Violation", "quota"),
    ("500.003.1001", "Internal Server Error", "internal_error"),
    ("500.003.01", "Internal Server Error", "internal_error"),
    ("999.999", "Whatever", "unknown"),
]
OUR_OWN = ["never_sent", "no_token", "answer_lost", "bad_request_local", "refused_other"]


@pytest.mark.parametrize("channel", [Channel.CALLBACK, Channel.QUERY])
@pytest.mark.parametrize(
    ("code", "cause"), [(code, cause) for cause, codes in RESULTS.items() for code in codes]
)
def test_every_result_code_has_its_cause_on_both_channels(channel: Channel, code: str, cause: str) -> None:
    entry = look_up(channel, code, "any words at all")
    assert (entry.channel, entry.code, entry.cause) == (channel, code, cause)


@pytest.mark.parametrize(("code", "message", "cause"), ERRORS)
def test_every_error_code_of_a_push_has_its_cause_by_its_message(code: str, message: str, cause: str) -> None:
    assert look_up(Channel.PUSH, code, message).cause == cause


@pytest.mark.parametrize("code", ["500.001.1001", "500.001.001"])
@pytest.mark.parametrize(
    "message", ["", "The transaction is being processed", "does not Exist", "Wrong credentials"]
)
def test_a_query_that_answers_with_the_code_of_many_meanings_is_asked_again(code: str, message: str) -> None:
    entry = look_up(Channel.QUERY, code, message)
    assert (entry.cause, entry.final, entry.money, entry.retry_after_s) == (
        "query_undecided",
        False,
        "unknown",
        10,
    )


def test_a_query_knows_an_id_that_mpesa_does_not_know_from_another_bad_field() -> None:
    assert look_up(Channel.QUERY, "400.002.02", "Invalid CheckoutRequestID").cause == "query_no_such_id"
    assert look_up(Channel.QUERY, "400.002.02", "Invalid Timestamp").cause == "bad_field"


def test_a_query_that_fails_never_decides_about_the_payment() -> None:
    errors = [
        e for e in CATALOGUE if e.channel is Channel.QUERY and (not e.code.isdigit()) and "SFC" not in e.code
    ]
    assert errors
    assert all(not entry.final and entry.money == "unknown" for entry in errors)


@pytest.mark.parametrize("channel", list(Channel))
def test_an_unknown_code_is_not_final_and_goes_to_a_person(channel: Channel) -> None:
    entry = look_up(channel, "424242", "who knows")
    assert (entry.cause, entry.final, entry.money, entry.turn) == ("unknown", False, "unknown", Turn.SCHOOL)


def test_a_code_without_known_meaning_or_still_processing_is_not_final() -> None:
    for code in ("4999", "1036", "1050", "2029"):
        entry = look_up(Channel.CALLBACK, code)
        assert (entry.final, entry.money) == (False, "unknown")


def test_only_success_moves_money() -> None:
    moved = [entry for entry in CATALOGUE if entry.money == "moved"]
    assert {entry.code for entry in moved if entry.channel in PAYMENT_CHANNELS} == {"0"}
    assert {entry.code for entry in moved if entry.channel not in PAYMENT_CHANNELS} == {"R000001"}


def test_what_is_vague_about_the_money_is_never_offered_again() -> None:
    vague = [e for e in CATALOGUE if e.channel in (Channel.PUSH, Channel.CALLBACK) and e.money == "unknown"]
    assert {entry.cause for entry in vague} == {
        "busy_unclear",
        "internal_error",
        "answer_lost",
        "still_processing",
        "unexplained",
    }
    assert all(entry.retry_after_s is None and not entry.final for entry in vague)


@pytest.mark.parametrize(
    ("channel", "code", "message", "seconds"),
    [
        (Channel.CALLBACK, "17", "", 120),
        (Channel.CALLBACK, "1032", "", 0),
        (Channel.CALLBACK, "2028", "", None),
        (Channel.PUSH, "500.001.1001", "Unable to lock subscriber", 60),
        (Channel.PUSH, "500.003.02", "Spike Arrest", 60),
        (Channel.PUSH, "500.001.1001", "Wrong credentials", None),
    ],
)
def test_a_wait_is_given_where_trying_again_helps(
    channel: Channel, code: str, message: str, seconds: int | None
) -> None:
    assert look_up(channel, code, message).retry_after_s == seconds


def test_a_reversal_whose_answer_is_vague_is_never_offered_again() -> None:
    vague = [e for e in CATALOGUE if e.channel is Channel.REVERSAL and e.money == "unknown"]
    assert {entry.cause for entry in vague} == {"busy_unclear", "internal_error", "answer_lost"}
    assert all(entry.retry_after_s is None and not entry.final for entry in vague)


def test_a_result_speaks_of_the_operator_where_a_callback_speaks_of_the_payer() -> None:
    for code, of_the_payer, of_the_operator in (
        ("2001", "wrong_pin", "operator_credential"),
        ("8006", "pin_locked", "operator_locked"),
        ("1", "insufficient_funds", "shortcode_short"),
        ("17", "too_soon", "internal_error"),
    ):
        assert look_up(Channel.CALLBACK, code).cause == of_the_payer
        assert look_up(Channel.RESULT, code, "Invalid Access Token").cause == of_the_operator


def test_the_causes_are_those_of_the_codes_and_our_own() -> None:
    queries = {"query_undecided", "query_no_such_id"}
    assert {*RESULTS, *(cause for _, _, cause in ERRORS), *OUR_OWN, *queries} == CAUSES
    assert all(look_up(Channel.PUSH, cause).cause == cause for cause in OUR_OWN)


def test_every_line_of_the_catalogue_can_be_reached() -> None:
    for entry in CATALOGUE:
        assert look_up(entry.channel, entry.code, (entry.match or "").upper()) == entry
        assert entry.meaning.endswith(".")
        assert entry.match is None or entry.match == entry.match.lower()
