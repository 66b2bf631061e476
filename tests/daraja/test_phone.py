"""Phone numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daraja import BadPhone, mask_phone, parse_phone


@pytest.mark.parametrize(
    "typed",
    [
        "0712345678",
        "712345678",
        "254712345678",
        "+254712345678",
        "00254712345678",
        "+254 (0) 712 345 678",
        " 0712 345 678 ",
        "0712-345-678",
        "(0712) 345.678",
        "0712\u00a0345\u2009678",
        "+254\u2011712\u2011345\u2011678",
        "\u202a+254712345678\u202c",
    ],
)
def test_every_kenyan_spelling_is_one_number(typed: str) -> None:
    assert parse_phone(typed) == "254712345678"


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("0112345678", "254112345678"),
        ("112345678", "254112345678"),
        ("+254118000111", "254118000111"),
        ("0181 000 111", "254181000111"),
    ],
)
def test_numbers_that_start_with_one_are_kenyan_too(typed: str, number: str) -> None:
    assert parse_phone(typed) == number


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "empty"),
        (" -- () ", "empty"),
        ("+", "empty"),
        ("my phone", "letters"),
        ("07123a5678", "letters"),
        ("0712/345678", "letters"),
        ("0712+345678", "letters"),
        ("٠٧١٢٣٤٥٦٧٨", "letters"),
        ("071234567", "too_short"),
        ("7", "too_short"),
        ("0", "too_short"),
        ("254", "too_short"),
        ("+254", "too_short"),
        ("25471234567", "too_short"),
        ("07123456789", "too_long"),
        ("2547123456789", "too_long"),
        ("255712345678", "not_kenyan"),
        ("+255712345678", "not_kenyan"),
        ("+712345678", "not_kenyan"),
        ("00255712345678", "not_kenyan"),
        ("0612345678", "not_kenyan"),
        ("0201234567", "not_kenyan"),
        ("254212345678", "not_kenyan"),
        ("812345678", "not_kenyan"),
    ],
)
def test_what_is_no_kenyan_mobile_number_has_a_reason(typed: str, reason: str) -> None:
    with pytest.raises(BadPhone) as caught:
        parse_phone(typed)
    assert caught.value.reason == reason


def test_the_refusal_never_quotes_the_number() -> None:
    with pytest.raises(BadPhone) as caught:
        parse_phone("255712345678")
    assert "712345678" not in f"{caught.value!r} {caught.value}"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("254712345456", "07••• 456"),
        ("254112345456", "01••• 456"),
        ("0712 345 456", "07••• 456"),
        ("0722000***", "•••"),
        ("2547 ***** 149", "••• 149"),
        ("12345", "•••"),
        ("", "•••"),
        ("not a phone", "•••"),
    ],
)
def test_a_mask_shows_the_last_three_digits_at_most(number: str, shown: str) -> None:
    assert mask_phone(number) == shown


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_has_a_reason_and_can_be_masked(text: str) -> None:
    shown = mask_phone(text)
    assert sum(letter.isdigit() for letter in shown.removeprefix("07").removeprefix("01")) <= 3
    try:
        number = parse_phone(text)
    except BadPhone as error:
        reason = error.reason
    else:
        reason = ""
        assert len(number) == 12
        assert parse_phone(number) == number
    assert reason in {"", "empty", "letters", "too_short", "too_long", "not_kenyan"}
