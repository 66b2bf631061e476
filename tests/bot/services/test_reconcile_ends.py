"""When nobody can tell: a parent asks, five minutes pass, a day passes, and a person looks."""

from __future__ import annotations

import pytest

from tests.bot.services.counter import HOUR, Counter, answer, asked_at, killed_while_pushing
from tests.bot.services.safaricom import PAID, UNDECIDED, PushAnswer, QueryAnswer, callback_body


async def test_after_five_minutes_the_phone_is_free_and_the_parent_is_told_once(place: Counter) -> None:
    first = await place.prompted(1500)
    place.clock.advance(100)
    second = await place.prompted(700)
    held = await place.heard(place.grace.chat)
    assert "KES 700" in held
    assert await place.status(second) == "queued"

    await place.tick(199)
    assert len(place.mpesa.pushes) == 1
    await place.tick(1)
    await place.tick()

    assert len(place.mpesa.pushes) == 2
    assert (await place.status(first), await place.status(second)) == ("requested", "requested")
    assert (await place.heard(place.grace.chat)).count("If an M-PESA SMS came") == 1
    await place.tick(60)
    assert "KES 1,500" not in await place.heard(place.grace.chat)


async def test_a_settled_payment_frees_its_phone_at_once_and_nobody_hears_of_five_minutes(
    place: Counter,
) -> None:
    await place.prompted(1500)
    sent = place.mpesa.last()
    await place.settle.callback(sent.token, callback_body(sent.checkout, "1037"))
    await place.prompted(700)
    assert len(place.mpesa.pushes) == 2
    second = place.mpesa.last()
    await place.settle.callback(second.token, callback_body(second.checkout, "1032"))
    await place.deliver()

    await place.tick(400)

    assert await place.heard(place.grace.chat) == ""


async def test_after_a_day_a_person_looks_and_both_parent_and_staff_are_told(place: Counter) -> None:
    payment_id = await place.prompted()
    for _ in range(48):
        await place.tick(HOUR / 2)
        if await place.status(payment_id) == "expired":
            break
        await place.deliver()

    payment = await place.payment(payment_id)
    assert payment.status == "expired"
    assert list(await place.concerns(payment_id)) == ["expired"]
    assert (place.clock() - payment.created_at).total_seconds() == 24 * HOUR
    told = {message.chat_id: message.text for message in await place.deliver()}
    assert "The office is looking into it" in told[place.grace.chat.id]
    assert "did not tell in 24 hours" in told[place.admin.id]
    asked = len(place.mpesa.queries)
    await place.tick(24 * HOUR)
    assert len(place.mpesa.queries) == asked


@pytest.mark.parametrize("how", ["lost", "gateway", "killed"])
async def test_without_an_id_nobody_asks_and_after_a_day_a_person_looks(place: Counter, how: str) -> None:
    place.mpesa.push_answers[1500] = PushAnswer(how)
    payment_id = await place.queued(1500)
    if how == "killed":
        await killed_while_pushing(place, payment_id)
        await place.collect.recover()
    else:
        await place.collect.push(payment_id)
    assert await place.status(payment_id) == "uncertain"

    assert await asked_at(place, (30, 60, 90, 120, 180, 300, HOUR, 8 * HOUR, 24 * HOUR - 1)) == []
    assert await place.status(payment_id) == "uncertain"
    await place.tick(1)

    assert await place.status(payment_id) == "expired"
    assert list(await place.concerns(payment_id)) == ["expired"]


async def test_while_m_pesa_does_not_answer_at_all_the_day_becomes_two(place: Counter) -> None:
    payment_id = await place.prompted()
    answer(place, QueryAnswer("lost"))
    for _ in range(47):
        await place.tick(HOUR)
        await place.deliver()
    assert await place.status(payment_id) == "requested"

    await place.tick(HOUR)

    assert await place.status(payment_id) == "expired"
    assert list(await place.concerns(payment_id)) == ["expired"]


@pytest.mark.parametrize(
    ("last", "status"), [(PAID, "paid"), (QueryAnswer(), "expired"), (UNDECIDED, "expired")]
)
async def test_before_a_person_is_asked_m_pesa_is_asked_once_more(
    place: Counter, last: QueryAnswer, status: str
) -> None:
    payment_id = await place.prompted()
    await place.tick(300)
    answer(place, last)

    await place.tick(25 * HOUR)

    assert await place.status(payment_id) == status
    assert list(await place.concerns(payment_id)) == ([] if status == "paid" else ["expired"])


async def test_check_now_asks_out_of_turn_and_goes_back_to_the_schedule(place: Counter) -> None:
    payment_id = await place.prompted()
    await place.tick(12)

    await place.reconcile.check(payment_id)

    assert len(place.mpesa.queries) == 1
    assert await asked_at(place, (17, 18, 19, 48)) == [18, 48]  # 30 and 60 after the push


async def test_check_now_asks_at_most_every_five_seconds_and_always_answers(place: Counter) -> None:
    payment_id = await place.prompted()
    other = await place.prompted(700, family=place.peter)
    await place.deliver()
    answers, queries = [], []
    for seconds in (0, 1, 3, 1, 4, 1):
        place.clock.advance(seconds)
        await place.reconcile.check(payment_id)
        answers.append((await place.heard(place.grace.chat)) != "")
        queries.append(len(place.mpesa.queries))

    assert answers == [True] * 6
    assert queries == [1, 1, 1, 2, 2, 3]
    await place.reconcile.check(other)
    assert len(place.mpesa.queries) == 4


async def test_check_now_that_finds_the_money_says_paid_and_nothing_else(place: Counter) -> None:
    payment_id = await place.prompted()
    answer(place, PAID)
    await place.deliver()

    await place.reconcile.check(payment_id)

    (told,) = await place.deliver()
    assert "Paid" in told.text


async def test_check_now_of_what_is_settled_asks_nobody(place: Counter) -> None:
    payment_id = await place.prompted()
    sent = place.mpesa.last()
    await place.settle.callback(sent.token, callback_body(sent.checkout, "1032"))

    await place.reconcile.check(payment_id)

    assert place.mpesa.queries == []


async def test_check_now_says_so_when_m_pesa_does_not_answer(place: Counter) -> None:
    payment_id = await place.prompted()
    answer(place, QueryAnswer("lost"))
    await place.deliver()

    await place.reconcile.check(payment_id)

    assert "gave me no answer" in await place.heard(place.grace.chat)
    assert await place.status(payment_id) == "requested"
