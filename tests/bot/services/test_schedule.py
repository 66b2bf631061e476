"""When M-PESA is asked: often at first, ever more rarely, never after a day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services import schedule
from tests.builders import NOON

SECOND = timedelta(seconds=1)
DAY = 24 * 3600

ages = st.integers(0, 2 * DAY)


def after(seconds: float) -> datetime:
    """So many seconds after the push."""
    return NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("age", "asked"),
    [(0, 30), (29, 30), (30, 60), (60, 90), (90, 120), (120, 180), (180, 240), (240, 300), (300, 420)],
)
def test_a_silent_payment_is_asked_about_at_its_times(age: int, asked: int) -> None:
    assert schedule.next_check(NOON, after(age)) == after(asked)


@given(ages)
def test_the_next_question_lies_ahead_and_no_further_than_eight_hours(age: int) -> None:
    asked = schedule.next_check(NOON, after(age))

    assert after(age) < asked <= after(age + 8 * 3600)


@given(st.integers(0, DAY - 1))
def test_the_last_question_of_all_is_at_the_end_of_the_day_at_the_latest(age: int) -> None:
    assert schedule.next_check(NOON, after(age)) <= after(DAY)


def test_the_questions_of_a_day_are_few_and_grow_rare() -> None:
    asked, waits = NOON, []
    while not schedule.is_over(NOON, asked):
        following = schedule.next_check(NOON, asked)
        waits.append((following - asked) / SECOND)
        asked = following

    assert len(waits) < 20
    assert waits[4:] == sorted(waits[4:])


@given(ages, st.integers(1, schedule.UNDECIDED_IN_A_ROW))
def test_an_answer_that_decides_nothing_is_asked_for_again_after_ten_seconds(
    age: int, undecided: int
) -> None:
    assert schedule.next_check(NOON, after(age), undecided) == after(age + 10)


@given(ages, st.integers(schedule.UNDECIDED_IN_A_ROW + 1, 100))
def test_a_fourth_one_in_a_row_waits_for_its_turn(age: int, undecided: int) -> None:
    assert schedule.next_check(NOON, after(age), undecided) == schedule.next_check(NOON, after(age))


@pytest.mark.parametrize(
    ("age", "wait"), [(30, 30), (60, 30), (120, 30), (240, 60), (3600, 900), (7200, 1800), (DAY - 1, 1800)]
)
def test_a_question_without_an_answer_is_put_off_the_longer_the_older(age: int, wait: int) -> None:
    assert schedule.after_error(NOON, after(age)) == after(age + wait)


@pytest.mark.parametrize(("age", "over"), [(0, False), (DAY - 1, False), (DAY, True), (2 * DAY, True)])
def test_after_a_day_nobody_asks_any_more(age: int, over: bool) -> None:
    assert schedule.is_over(NOON, after(age)) is over
