"""The mask over the logs: nothing secret gets through, and the scanner that says so is itself tried."""

from __future__ import annotations

import base64
import io
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.logs import Mask, configure

TOKEN = "7000000001:" + "Ab3_-" * 7
PASSKEY = "canarypasskey" * 4
KEY = "canary-consumer-key"
SECRET = "canary/consumer+secret="
SECRETS = (TOKEN, PASSKEY, KEY, SECRET)
PHONE = "254712345678"
CHECKOUT = "ws_CO_191220191020363925712345678"


class Log:
    """What was written, and a scanner for what must never be."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def leaks(self) -> set[str]:
        digits = "".join(filter(str.isdigit, self.text))
        return {canary for canary in (*SECRETS, "712345678") if canary in self.text or canary in digits}


@pytest.fixture
def log() -> Iterator[Log]:
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    level = root.level
    written = Log()
    configure("DEBUG", SECRETS, written.stream)
    yield written
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_the_scanner_finds_canaries_that_are_logged_without_the_mask(log: Log) -> None:
    configure("DEBUG", (), log.stream)
    logging.getLogger("anyone").warning("%s %s %s %s", "7000000001 and", PASSKEY, KEY, SECRET)
    assert log.leaks() == {PASSKEY, KEY, SECRET}
    log.stream.write(f"{TOKEN} {PHONE}\n")
    assert log.leaks() == {*SECRETS, "712345678"}


@pytest.mark.parametrize("canary", [*SECRETS, PHONE, CHECKOUT])
def test_no_canary_gets_through_as_message_argument_or_value(log: Log, canary: str) -> None:
    logging.getLogger("anyone").error(f"whole message {canary}")  # noqa: G004  the message itself is the case
    logging.getLogger("anyone").error("argument %s, %r", canary, {"inside": [canary]})
    structlog.get_logger("karo").warning("event", value=canary, nested={"deep": canary})
    structlog.get_logger("karo").warning("told %s", canary)
    assert log.text.count("•••") >= 6
    assert log.leaks() == set()


@pytest.mark.parametrize("canary", [*SECRETS, PHONE, CHECKOUT])
def test_no_canary_gets_through_in_a_traceback(log: Log, canary: str) -> None:
    def fail(held: str) -> None:
        raise ValueError(f"could not use {held}")

    for logger in (logging.getLogger("anyone"), structlog.get_logger("karo")):
        try:
            fail(canary)
        except ValueError:
            logger.exception("it failed")
    assert log.text.count("Traceback") == 2
    assert log.text.count("ValueError: could not use") == 2
    assert log.leaks() == set()


def test_local_variables_are_not_printed_with_a_traceback(log: Log) -> None:
    def fail() -> None:
        held = "a parent's own words"
        raise ValueError(len(held))

    try:
        fail()
    except ValueError:
        structlog.get_logger("karo").exception("it failed")
    assert "Traceback" in log.text
    assert "own words" not in log.text.replace('held = "a parent\'s own words"', "")


def test_libraries_are_masked_at_debug(log: Log) -> None:
    logging.getLogger("httpx").info('HTTP Request: POST https://api.telegram.org/bot%s/getMe "200"', TOKEN)
    logging.getLogger("httpcore.http11").debug(
        "send_request_headers [(b'Authorization', b'Bearer abcDEF123456')]"
    )
    logging.getLogger("telegram.Bot").debug("Calling with %s", {"phone_number": f"+{PHONE}"})
    assert log.text.count("\n") == 2, "what the telegram library says at DEBUG holds names and balances"
    assert "abcDEF123456" not in log.text
    assert log.leaks() == set()


@pytest.mark.parametrize("name", ["httpx", "httpcore.connection", "telegram.Bot", "uvicorn.error"])
def test_libraries_only_warn_unless_debugging(log: Log, name: str) -> None:
    configure("INFO", SECRETS, log.stream)
    logging.getLogger(name).info("chatter")
    assert log.text == ""
    logging.getLogger(name).warning("trouble")
    assert "trouble" in log.text


def test_python_warnings_go_through_the_mask_too(log: Log) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        configure("INFO", SECRETS, log.stream)
        warnings.warn(f"odd: {PHONE}", stacklevel=1)
    assert "odd" in log.text
    assert log.leaks() == set()


def test_own_events_keep_their_names_ids_and_states(log: Log) -> None:
    structlog.get_logger("bot.services.settle").info(
        "payment_settled", payment=17, status="PAID", update=712345678
    )
    assert "payment_settled" in log.text
    assert "payment=17" in log.text
    assert "status=PAID" in log.text
    assert "bot.services.settle" in log.text


@pytest.mark.parametrize(
    "spelling",
    [
        "254712345678",
        "+254712345678",
        "0712345678",
        "+254 712 345 678",
        "0712-345-678",
        "(0712) 345 678",
        "254.712.345.678",
        "%2B254712345678",
        "'phone': 254712345678,",
    ],
)
def test_a_full_phone_keeps_its_last_three_digits_only(spelling: str) -> None:
    masked = Mask()(f"from {spelling} today")
    assert "07••• 678" in masked
    assert "345" not in masked


def test_the_newer_numbers_are_phones_too() -> None:
    assert Mask()("0110345678") == "01••• 678"


@pytest.mark.parametrize(
    "innocent",
    [
        "2026-11-22T07:12:33.123456Z",
        "update 712345678",
        "KES 250,000",
        "chat 1000000001",
        "SLC7RKDUP1",
        "07••• 456",
    ],
)
def test_what_is_no_secret_stays_readable(innocent: str) -> None:
    assert Mask(SECRETS)(innocent) == innocent


def test_a_token_nobody_told_us_of_is_hidden_by_its_form() -> None:
    assert Mask()("https://api.telegram.org/bot123456789:" + "z" * 35 + "/getMe") == (
        "https://api.telegram.org/bot•••/getMe"
    )


def test_the_secret_in_a_callback_address_is_hidden() -> None:
    assert Mask()("POST /daraja/stk/0123456789abcdef0123456789abcdef 200") == "POST /daraja/stk/••• 200"


def test_the_secret_in_the_webhook_s_address_is_hidden() -> None:
    assert Mask()(f"POST /telegram/{'0123abcd' * 8} 200") == "POST /telegram/••• 200"


def test_a_fresh_access_token_is_hidden() -> None:
    masked = Mask()("""{"access_token": "c9SQxWWhmdVRlyh0zh8gZDTkubVF", "expires_in": "3599"}""")
    assert "c9SQx" not in masked
    assert "3599" in masked


@given(before=st.binary(max_size=40), after=st.binary(max_size=40))
def test_a_secret_inside_base64_is_hidden_at_every_alignment(before: bytes, after: bytes) -> None:
    encoded = base64.b64encode(before + PASSKEY.encode() + after).decode()
    masked = Mask(SECRETS)(encoded)
    assert "•••" in masked
    assert len(masked) < len(encoded) - len(PASSKEY)


@given(st.text())
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = Mask(SECRETS)(f"{text} 0712345678 {KEY}")
    assert Mask(SECRETS)(once) == once


def test_a_very_short_secret_does_not_blot_out_the_log() -> None:
    assert Mask(("a", ""))("a line stays a line") == "a line stays a line"
