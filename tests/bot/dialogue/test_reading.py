"""Choices typed as their number or their words, in either language."""

from __future__ import annotations

import pytest

from bot.dialogue import show
from bot.dialogue.reading import fold, global_word, number_of, pick, pick_beginning
from bot.dialogue.screen import Choice, say
from bot.dialogue.state import At, State
from tests.bot.dialogue.talk import PARENT, PARENT_OF_TWO

MENU = show(State(At.MENU), PARENT).choices


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("1", "pay"),
        ("1.", "pay"),
        ("(2)", "balances"),
        (" 3 ", "payments"),
        ("pay fees", "pay"),
        ("PAY FEES!", "pay"),
        ("Pay   Fees", "pay"),
        ("lipa karo", "pay"),
        ("Salio la karo", "balances"),
        ("balance", "balances"),
        ("malipo yangu", "payments"),
        ("lugha", "language"),
        ("msaada", "help"),
    ],
)
def test_a_choice_is_known_by_number_and_words_in_both_languages(typed: str, key: str) -> None:
    assert pick(typed, MENU) == key


@pytest.mark.parametrize("typed", ["", "0", "6", "99", "-1", "1500", "p", "???", "nonsense"])
def test_what_names_no_choice_picks_none(typed: str) -> None:
    assert pick(typed, MENU) is None


def test_the_beginning_of_one_word_is_enough_when_only_one_choice_has_it() -> None:
    children = show(State(At.CHILD), PARENT_OF_TWO).choices
    assert pick_beginning("ami", children) == "child:1"
    assert pick_beginning("OTIENO", children) == "child:2"
    assert pick_beginning("grade", children) is None
    assert pick_beginning("a", children) is None
    assert pick_beginning("4 east", children) is None


def test_two_choices_with_the_same_label_are_told_apart_only_by_number() -> None:
    twins = tuple(
        Choice(f"child:{n}", say("choice.child", child="Amina", class_name="Grade 4")) for n in (1, 2)
    )
    assert pick("Amina, Grade 4", twins) is None
    assert pick_beginning("amina", twins) is None
    assert pick("2", twins) == "child:2"


@pytest.mark.parametrize(
    ("typed", "verb"),
    [("menu", "menu"), ("MENYU", "menu"), ("cancel", "cancel"), ("Ghairi", "cancel"), ("0", "cancel")],
)
def test_some_words_are_good_anywhere(typed: str, verb: str) -> None:
    assert global_word(typed) == verb


def test_folding_forgets_case_accents_and_punctuation() -> None:
    assert fold("  Pay — FEES, café! ") == "pay fees cafe"
    assert fold("___") == ""


@pytest.mark.parametrize(
    ("typed", "number"), [("1", 1), ("(12)", 12), ("01", None), ("1a", None), ("١", None)]
)
def test_only_plain_numbers_name_a_choice(typed: str, number: int | None) -> None:
    assert number_of(typed) == number
