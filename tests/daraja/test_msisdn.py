"""What a number that M-PESA shows can tell of a payer: another one perhaps, never who it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daraja.msisdn import may_be

numbers = st.from_regex(r"254[17][0-9]{8}", fullmatch=True)
OURS = "254712345456"


@settings(max_examples=60)
@given(numbers, st.integers(0, 12), st.integers(0, 12), st.sampled_from(["*", "•", "x"]))
def test_no_mask_of_a_number_speaks_against_it(number: str, start: int, length: int, mask: str) -> None:
    for spelled in (number, "0" + number[3:], "+" + number):
        hidden = spelled[start : start + length]
        assert may_be(number, spelled[:start] + mask * len(hidden) + spelled[start + length :])


@settings(max_examples=60)
@given(numbers, numbers)
def test_a_whole_number_is_this_one_or_not(one: str, other: str) -> None:
    assert may_be(one, other) is (one == other)
    assert may_be(one, "0" + other[3:]) is (one == other)


@pytest.mark.parametrize(
    "shown", ["", "a3" * 32, "0f" * 32, "JOHN DOE", "••• •••", "2547 ***** 456", "07•••456"]
)
def test_what_shows_no_other_digit_may_be_anybodys(shown: str) -> None:
    assert may_be(OURS, shown)


@pytest.mark.parametrize("shown", ["600310", "2547 ***** 457", "0722•••456", "071", "254712345455"])
def test_one_other_digit_is_another_payer(shown: str) -> None:
    assert not may_be(OURS, shown)
