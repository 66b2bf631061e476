"""Values are written as people in Kenya read them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.texts import LANGUAGES, format_money, format_time, format_wait, format_when, say

AT = datetime(2026, 11, 22, 11, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cents", "written"),
    [
        (0, "KES 0"),
        (5, "KES 0.05"),
        (100, "KES 1"),
        (1_500_00, "KES 1,500"),
        (1_500_50, "KES 1,500.50"),
        (250_000_00, "KES 250,000"),
        (-20_00, "KES -20"),
        (-5, "KES -0.05"),
    ],
)
def test_money_is_written_in_shillings(cents: int, written: str) -> None:
    assert [format_money(cents, language) for language in LANGUAGES] == [written, written]


def test_time_is_nairobis() -> None:
    assert format_when(AT, "en") == "22 Nov 2026, 14:05"
    assert format_when(AT, "sw") == "22 Nov 2026, 14:05"
    assert format_time(AT, "en") == "14:05"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        format_when(AT.replace(tzinfo=None), "en")


@pytest.mark.parametrize(
    ("seconds", "english", "kiswahili"),
    [
        (74, "1 min 14 s", "dak 1 sek 14"),
        (60, "1 min", "dak 1"),
        (9, "9 s", "sek 9"),
        (0, "0 s", "sek 0"),
        (-3, "0 s", "sek 0"),
        (86_400, "24 h", "saa 24"),
        (7_201, "2 h", "saa 2"),
    ],
)
def test_a_wait_is_written_in_words(seconds: int, english: str, kiswahili: str) -> None:
    assert format_wait(seconds, "en") == english
    assert format_wait(seconds, "sw") == kiswahili


def test_blanks_are_written_by_the_end_of_their_name() -> None:
    told = say(
        "payments.row",
        "sw",
        number=1,
        child="Amina",
        made_at=AT.isoformat(),
        amount_cents=1_500_00,
        status_key="status.paid",
    )
    assert told == "1. 22 Nov 2026, 14:05: Amina, KES 1,500, imelipwa"


def test_braces_in_a_name_do_no_harm() -> None:
    assert say("start.hello", "en", name="{name} {0}") == "Hello {name} {0}."


def test_an_unknown_text_and_a_missing_blank_are_errors() -> None:
    with pytest.raises(KeyError):
        say("no.such.text", "en")
    with pytest.raises(KeyError):
        say("start.hello", "en")
    with pytest.raises(KeyError):
        say("menu.ask", "fr", school="A")
