"""Admission numbers as account references."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daraja import account_reference
from daraja.fields import check_account_reference


@pytest.mark.parametrize(
    ("admission_number", "reference"),
    [("1042", "1042"), ("adm1042", "ADM1042"), (" ADM 1042 ", "ADM1042"), ("ABCDEF123456", "ABCDEF123456")],
)
def test_a_number_that_is_legal_already_stays_as_it_is(admission_number: str, reference: str) -> None:
    assert account_reference(admission_number) == reference


def test_dropped_separators_leave_the_number_readable_with_a_check_behind() -> None:
    assert re.fullmatch(r"ADM104224[A-Z2-7]{3}", account_reference("ADM/1042/24"))


def test_a_long_number_keeps_its_end_where_children_differ() -> None:
    assert re.fullmatch(r"240001[A-Z2-7]{6}", account_reference("KENYAHIGHSCHOOL/2024/0001"))


def test_the_reference_of_a_number_never_changes() -> None:
    assert account_reference("ADM/1042/24") == account_reference(" adm/1042/24 ") == "ADM104224FIZ"


def test_separators_in_other_places_are_other_children() -> None:
    spellings = ["ADM/10/424", "ADM/104/24", "ADM10424", "ADM-104-24", "ADM/1/0424", "A/DM10424"]
    assert len({account_reference(each) for each in spellings}) == len(spellings)


def test_a_whole_school_of_children_never_shares_a_reference() -> None:
    forms = ["ADM/{n}/{y}", "{n}/{y}", "KHS-{y}-{n}", "{n}/SAINTMARYSGIRLSHIGHSCHOOL/{y}", "{n}"]
    numbers = {form.format(n=f"{n:04}", y=y) for form, n, y in product(forms, range(1000), (24, 25, 26))}
    assert len({account_reference(number) for number in numbers}) == len(numbers)


@pytest.mark.parametrize("nothing", ["", "  ", "///", "—"])
def test_a_number_without_letters_or_digits_is_refused(nothing: str) -> None:
    with pytest.raises(ValueError, match="letter or digit"):
        account_reference(nothing)


@given(st.text(max_size=40))
def test_every_reference_is_legal_and_ignores_case_and_blanks(number: str) -> None:
    try:
        reference = account_reference(number)
    except ValueError:
        return
    check_account_reference(reference)
    assert reference == reference.upper()
    assert account_reference(f" {number} ") == reference


@given(st.text("AB12/- ", min_size=1, max_size=16), st.text("AB12/- ", min_size=1, max_size=16))
def test_two_children_share_a_reference_only_if_their_numbers_are_the_same(one: str, other: str) -> None:
    if not (re.search(r"\w", one) and re.search(r"\w", other)):
        return
    same = "".join(one.split()) == "".join(other.split())
    assert (account_reference(one) == account_reference(other)) is same
