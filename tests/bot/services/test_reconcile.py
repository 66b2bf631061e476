"""Silence: M-PESA is asked at its times, and what it answers counts as the channel allows."""

from __future__ import annotations

import asyncio

import pytest

from tests.bot.services.counter import HOUR, Counter, answer, asked_at
from tests.bot.services.safaricom import PAID, UNDECIDED, QueryAnswer

CANCELLED = QueryAnswer(code="1032", words="Request cancelled by user")
UNREACHABLE = QueryAnswer(code="1037", words="No response from user.")


async def test_a_silent_payment_is_asked_about_at_its_times(place: Counter) -> None:
    await place.prompted()

    assert await asked_at(place, range(5, 301, 5)) == [30, 60, 90, 120, 180, 240, 300]


async def test_two_ticks_at_once_ask_once(place: Counter) -> None:
    await place.prompted()
    place.clock.advance(30)

    await asyncio.gather(*(place.reconcile.tick() for _ in range(3)))

    assert len(place.mpesa.queries) == 1


async def test_paid_by_query_is_told_and_nobody_asks_again(place: Counter) -> None:
    payment_id = await place.prompted()
    answer(place, PAID)

    assert await asked_at(place, (30, 60, 90, 120, 180)) == [30]

    assert await place.status(payment_id) == "paid"
    assert "Paid: KES 1,500 for Amina" in await place.heard(place.grace.chat)


async def test_what_is_undecided_is_asked_again_after_ten_seconds_three_times_and_then_in_its_turn(
    place: Counter,
) -> None:
    await place.prompted()
    answer(place, UNDECIDED)

    assert await asked_at(place, range(2, 181, 2)) == [30, 40, 50, 60, 90, 120, 180]


async def test_an_answer_that_says_something_starts_the_ten_seconds_anew(place: Counter) -> None:
    await place.prompted()
    answer(place, UNDECIDED)
    assert await asked_at(place, (30, 40)) == [30, 40]
    answer(place, QueryAnswer())
    assert await asked_at(place, (10,)) == [10]
    answer(place, UNDECIDED)

    assert await asked_at(place, range(2, 71, 2)) == [10, 20, 30, 40, 70]  # 60 to 90, and 120 after the push


async def test_a_failure_by_query_counts_only_from_three_minutes_on_and_repeated(place: Counter) -> None:
    payment_id = await place.prompted()
    answer(place, CANCELLED)
    await place.deliver()

    assert await asked_at(place, range(10, 190, 10)) == [30, 60, 90, 120, 180]
    assert await place.status(payment_id) == "requested"
    assert "Not paid" not in await place.heard(place.grace.chat)
    await place.tick(10)

    assert await place.status(payment_id) == "cancelled"
    assert "Not paid" in await place.heard(place.grace.chat)


async def test_a_failure_by_query_counts_only_when_the_same_one_is_repeated(place: Counter) -> None:
    payment_id = await place.prompted()
    await place.tick(120)
    statuses = []
    for seconds, how in ((60, UNREACHABLE), (10, CANCELLED), (10, UNREACHABLE), (10, UNREACHABLE)):
        answer(place, how)
        await place.tick(seconds)
        statuses.append(await place.status(payment_id))

    assert statuses == ["requested", "requested", "requested", "failed"]


@pytest.mark.parametrize(("between", "status"), [(QueryAnswer(), "requested"), (UNDECIDED, "cancelled")])
async def test_only_still_pending_takes_a_reported_failure_back(
    place: Counter, between: QueryAnswer, status: str
) -> None:
    payment_id = await place.prompted()
    for seconds, how in ((180, CANCELLED), (10, between), (50, CANCELLED)):
        answer(place, how)
        await place.tick(seconds)

    assert await place.status(payment_id) == status


async def test_a_parent_who_asks_in_the_same_moment_does_not_make_a_failure_repeated(place: Counter) -> None:
    payment_id = await place.prompted()
    answer(place, CANCELLED)
    await place.tick(180)
    place.clock.advance(6)

    await place.reconcile.check(payment_id)

    assert len(place.mpesa.queries) == 2
    assert await place.status(payment_id) == "requested"
    await place.tick(10)
    assert await place.status(payment_id) == "cancelled"


async def test_a_code_that_nobody_knows_asks_for_a_person_once_and_goes_on_asking(place: Counter) -> None:
    payment_id = await place.prompted()
    answer(place, QueryAnswer(code="7777"))

    asked = await asked_at(place, (30, 40, 50, 60, 90))

    assert asked == [30, 40, 50, 60, 90]
    assert await place.status(payment_id) == "requested"
    (since,) = (await place.concerns(payment_id)).values()
    assert (place.clock() - since).total_seconds() == 60
    assert (await place.heard(place.admin)).count("not known here") == 1


USUAL, SLOW = [30, 60, 90, 120, 150, 188], [30, 90, 150]
ERRORS = [
    (QueryAnswer("lost"), USUAL),
    (QueryAnswer("error", "500.003.02", "System is busy"), USUAL),
    (QueryAnswer("error", "400.002.02", "Bad Request - Invalid CheckoutRequestID", 400), USUAL),
    (QueryAnswer("error", "404.001.03", "Invalid Access Token", 404), USUAL),
    (QueryAnswer("error", "500.003.02", "Spike Arrest Violation"), SLOW),  # which asks for a minute's peace
]


@pytest.mark.parametrize(("how", "times"), ERRORS, ids=[f"{how.how} {how.words}" for how, _ in ERRORS])
async def test_a_question_without_an_answer_is_asked_ever_more_rarely(
    place: Counter, how: QueryAnswer, times: list[int]
) -> None:
    payment_id = await place.prompted()
    answer(place, how)

    asked = await asked_at(place, (29, 30, 59, 60, 89, 90, 119, 120, 149, 150, 187, 188))
    later = set(await asked_at(place, range(300, 4 * HOUR, 300)))

    assert sorted(set(asked)) == times
    assert len(later) < 20
    assert await place.status(payment_id) == "requested"
    answer(place, PAID)
    await place.tick(HOUR / 2)
    assert await place.status(payment_id) == "paid"
