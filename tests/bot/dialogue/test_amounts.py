"""Amounts as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.amounts import BadAmount, read_amount


@pytest.mark.parametrize(
    ("typed", "kes"),
    [
        ("1500", 1500),
        ("1,500", 1500),
        ("1 500", 1500),
        ("KES 1500", 1500),
        ("kes1,500", 1500),
        ("Ksh.1500", 1500),
        ("Kshs 1500", 1500),
        ("Sh 1500", 1500),
        ("1500/=", 1500),
        ("1500/-", 1500),
        ("KES 1,500/=", 1500),
        ("1500 bob", 1500),
        ("1500 shillings", 1500),
        ("1.5k", 1500),
        ("2k", 2000),
        ("0.5K", 500),
        ("1.25 k", 1250),
        ("1500.00", 1500),
        ("1,500.00", 1500),
        ("  1500  ", 1500),
        ("1", 1),
        ("250,000", 250_000),
        ("250k", 250_000),
    ],
)
def test_an_amount_is_read_as_people_type_it(typed: str, kes: int) -> None:
    assert read_amount(typed) == kes


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "letters"),
        ("all of it", "letters"),
        ("KES", "letters"),
        ("15oo", "letters"),
        ("1.5m", "letters"),
        ("١٥٠٠", "letters"),
        ("9" * 5000, "letters"),
        ("-1500", "negative"),
        ("1500.50", "cents"),
        ("1,500.05", "cents"),
        ("1.500", "ambiguous"),
        ("1,5", "ambiguous"),
        ("1500,00", "ambiguous"),
        ("15,00,0", "ambiguous"),
        ("1500 2000", "ambiguous"),
        ("1500-2000", "ambiguous"),
        ("0", "zero"),
        ("KES 0", "zero"),
        ("0.00", "zero"),
        ("250001", "too_much"),
        ("251k", "too_much"),
        ("999999999999", "too_much"),
    ],
)
def test_an_amount_that_cannot_be_paid_is_refused_with_its_reason(typed: str, reason: str) -> None:
    with pytest.raises(BadAmount) as caught:
        read_amount(typed)
    assert caught.value.reason == reason


@given(st.text(max_size=60))
def test_whatever_is_typed_gives_a_payable_amount_or_a_reason(text: str) -> None:
    try:
        kes, reason = read_amount(text), ""
    except BadAmount as bad:
        kes, reason = 1, bad.reason
    assert reason in {"", "letters", "negative", "cents", "ambiguous", "zero", "too_much"}
    assert 1 <= kes <= 250_000


@given(st.integers(1, 250_000), st.sampled_from(["{}", "{:,}", "KES {:,}", "{:,}.00", "Ksh.{}", "{:,}/="]))
def test_every_payable_amount_is_read_back_as_written(kes: int, form: str) -> None:
    assert read_amount(form.format(kes)) == kes
