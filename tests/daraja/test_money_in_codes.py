"""What the calls about money that comes in by itself may be answered, by the catalogue."""

from __future__ import annotations

import pytest

from daraja import CATALOGUE, CAUSES, Channel, Turn, look_up

CHANNELS = [Channel.C2B, Channel.PULL, Channel.QR]
NO_PRODUCT = "Error Occurred - Invalid Access Token - Invalid API call as no apiproduct match found"


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("code", ["401.003.01", "400.003.01", "401.002.01", "401.001", "404.001.03"])
def test_a_refused_token_is_known_by_its_words_and_a_missing_product_by_its_reason(
    channel: Channel, code: str
) -> None:
    assert look_up(channel, code, "Error Occurred - Invalid Access Token - ").cause == "token_refused"
    assert look_up(channel, code, NO_PRODUCT).cause == "no_api_product"


@pytest.mark.parametrize("channel", [*CHANNELS, Channel.PUSH, Channel.QUERY])
def test_401_001_is_a_refused_token_whatever_its_words(channel: Channel) -> None:
    assert look_up(channel, "401.001", "who knows").cause == "token_refused"
    assert look_up(channel, "400.003.01", "who knows").cause == "unknown"


def test_a_push_hides_the_reason_so_its_cause_stays_the_token() -> None:
    assert look_up(Channel.PUSH, "404.001.03", NO_PRODUCT).cause == "token_refused"
    assert "no_api_product" not in CAUSES


@pytest.mark.parametrize(
    ("channel", "code", "message", "cause"),
    [
        (Channel.C2B, "500.003.1001", "Urls are already registered.", "already_registered"),
        (Channel.C2B, "500.003.1001", "Duplicate notification info, SP ID is 1", "already_registered"),
        (Channel.C2B, "500.003.1001", "Internal Server Error", "internal_error"),
        (Channel.C2B, "400.003.02", "Bad Request", "bad_field"),
        (Channel.C2B, "404.003.01", "Resource not found", "wrong_address"),
        (Channel.C2B, "500.003.03", "Error Occurred: Quota Violation", "quota"),
        (Channel.PULL, "1001", "No records found", "nothing_or_not_provisioned"),
        (Channel.PULL, "500.003.02", "Error Occurred: Spike Arrest Violation", "spike_arrest"),
        (Channel.QR, "400.002.03", "Invalid Amount", "bad_field"),
        (Channel.QR, "refused_other", "", "refused_other"),
        (Channel.PULL, "1002", "", "unknown"),
    ],
)
def test_every_code_has_its_cause(channel: Channel, code: str, message: str, cause: str) -> None:
    assert look_up(channel, code, message).cause == cause


def test_none_of_these_calls_moves_a_payer_s_money() -> None:
    lines = [entry for entry in CATALOGUE if entry.channel in CHANNELS]
    assert {entry.channel for entry in lines} == set(CHANNELS)
    assert all(entry.money == "unmoved" and entry.final for entry in lines)
    assert all(entry.turn is not Turn.NOBODY for entry in lines)
