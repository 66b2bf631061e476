"""A school behind a router: M-PESA cannot reach Karo, so Karo asks; what nobody can ask about is said so."""

from __future__ import annotations

import re

import pytest

from bot.playground.person import Person
from daraja.simulator import Endpoint, Scenario
from tests.journeys.town import Town

NOT_PAID = {
    Scenario.CANCELLED: ("cancelled", "cancelled"),
    Scenario.WRONG_PIN: ("failed", "PIN was wrong"),
    Scenario.UNREACHABLE: ("failed", "could not reach the phone"),
}


async def lost(place: Town) -> Person:
    """A parent whose push got no answer: nobody knows M-PESA's name for it."""
    place.mpesa.set_next(Scenario.ANSWER_LOST)
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("I do not know yet")
    return parent


def keys(person: Person) -> set[str]:
    """What the newest message offers, without versions and ids."""
    return {button.key.split(":")[1] for button in person.messages[-1].buttons}


async def test_m_pesa_is_given_an_address_that_cannot_exist(behind_a_router: Town) -> None:
    parent = await behind_a_router.parent()

    await behind_a_router.pay(parent)

    address = behind_a_router.mpesa.pushes[0].callback_url
    assert re.fullmatch(r"https://karo\.invalid/daraja/stk/[0-9a-f]{32}", address)


async def test_a_paid_payment_arrives_by_query_alone(behind_a_router: Town) -> None:
    place = behind_a_router
    parent = await place.parent()
    await place.pay(parent)
    await place.mpesa.wait_for_movements(1)

    await place.pass_time(30)

    told = await parent.wait_for("Paid: KES 1,500 for Amina Wanjiru")
    assert "New balance: KES 17,000" in told.text
    assert "receipt number" in told.text.lower()
    assert await place.balance() == 17_000


@pytest.mark.parametrize("scenario", NOT_PAID)
async def test_a_payment_that_failed_arrives_by_query_alone(
    behind_a_router: Town, scenario: Scenario
) -> None:
    place = behind_a_router
    place.mpesa.set_next(scenario)
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("Type your PIN only")

    await place.pass_time(170)
    assert not any("Not paid" in message.text for message in parent.messages)
    await place.pass_time(70)

    told = await parent.wait_for("Not paid: KES 1,500 for Amina Wanjiru")
    status, why = NOT_PAID[scenario]
    assert why in told.text
    assert await place.status() == status
    assert await place.balance() == 18_500
    assert "again" in keys(parent)


async def test_what_cannot_be_asked_is_said_so_and_the_code_of_the_sms_is_asked_for(
    behind_a_router: Town,
) -> None:
    parent = await lost(behind_a_router)

    told = parent.messages[-1]

    assert "I cannot ask M-PESA about this one" in told.text
    assert "send me its code" in told.text
    assert "check" not in keys(parent)
    assert "code" in keys(parent)


async def test_a_code_that_was_sent_in_is_claimed_and_not_confirmed(behind_a_router: Town) -> None:
    place = behind_a_router
    staff = await place.staff(role="staff")
    parent = await lost(place)
    receipt = place.mpesa.books.movements[0].receipt

    taken = await place.say(parent, f"{receipt} Confirmed. Ksh1,500.00 sent to Upendo Primary School")

    assert receipt in taken.text
    staff.say(f"/receipt {receipt}")
    answer = await staff.wait_for("not confirmed")
    assert "genuine" not in answer.text
    assert (await place.status(), await place.balance()) == ("uncertain", 18_500)


async def test_nobody_is_asked_and_after_five_minutes_another_try_is_offered(behind_a_router: Town) -> None:
    place = behind_a_router
    parent = await lost(place)

    await place.pass_time(290)
    assert "again" not in keys(parent)
    await place.pass_time(10)

    told = await parent.wait_for("Otherwise you may try again")
    assert "keep asking" not in told.text
    assert {"again", "code"} <= keys(parent)
    assert place.mpesa.counts[Endpoint.QUERY] == 0
    await place.tap(parent, "again:1")
    await place.tap(parent, "confirm")
    await place.mpesa.wait_for_pushes(2)
    await place.mpesa.wait_for_movements(2)
    await place.pass_time(40)
    await parent.wait_for("Paid")
    assert (await place.status(1), await place.status(2)) == ("uncertain", "paid")


async def test_after_a_day_a_person_looks(behind_a_router: Town) -> None:
    place = behind_a_router
    admin = await place.staff()
    parent = await lost(place)
    await place.pass_time(300, 60)

    await place.pass_time(24 * 3600, 3600)

    told = await parent.wait_for("The office is looking into it")
    assert "In 24 hours M-PESA has not told me" in told.text
    assert await place.status() == "expired"
    assert "did not tell in 24 hours" in (await admin.wait_for("Amina Wanjiru")).text
    assert "payment:1" in (await place.say(admin, "/attention")).text
    assert place.mpesa.counts[Endpoint.QUERY] == 0
