"""A parent pays, or does not, and is told the truth: the real bot between two stand-ins."""

from __future__ import annotations

from daraja.simulator import Scenario
from tests.journeys.town import Town


async def test_a_paid_payment_is_told_with_receipt_time_and_new_balance(place: Town) -> None:
    parent = await place.parent()
    await place.pay(parent, "1,500")

    told = await parent.wait_for("Paid")

    receipt = place.mpesa.books.movements[0].receipt
    assert receipt in told.text
    assert "KES 1,500 for Amina Wanjiru" in told.text
    assert "2 Nov 2026, 09:00" in told.text
    assert "New balance: KES 17,000" in told.text
    assert await place.balance() == 17_000
    assert len(place.mpesa.pushes) == 1


async def test_a_cancelled_payment_says_that_nothing_left_and_offers_another_try(place: Town) -> None:
    place.mpesa.set_next(Scenario.CANCELLED)
    parent = await place.parent()
    await place.pay(parent)

    told = await parent.wait_for("Not paid")

    assert "No money has moved" in told.text
    again = await place.tap(parent, "again:1")
    assert "Please check" in again.text
    assert await place.balance() == 18_500


async def test_two_taps_on_pay_are_one_payment(place: Town) -> None:
    parent = await place.parent()
    confirmation = await place.to_confirmation(parent)
    pay = [button.key for button in confirmation.buttons].index(parent.messages[-1].buttons[0].key)

    parent.tap_button(confirmation.id, pay)
    parent.tap_button(confirmation.id, pay)
    await parent.wait_for("Paid")

    assert len(await place.payments()) == 1
    assert len(place.mpesa.pushes) == 1
    assert any("older message" in message.text for message in parent.messages)


async def test_the_same_amount_within_two_minutes_is_held_and_sent_by_itself_then(place: Town) -> None:
    place.mpesa.set_next(Scenario.CANCELLED)
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("Not paid")
    place.clock.advance(20)
    await place.to_confirmation(parent)

    held = await place.tap(parent, "confirm")
    assert "1 min 45 s" in held.text
    waiting = await place.tap(parent, "wait")
    assert "09:02" in waiting.text
    await place.tick(60)
    assert len(place.mpesa.pushes) == 1
    await place.tick(46)

    await parent.wait_for("Paid")
    assert len(place.mpesa.pushes) == 2
    assert await place.balance() == 17_000


async def test_a_scheduled_prompt_can_be_called_off(place: Town) -> None:
    place.mpesa.set_next(Scenario.CANCELLED)
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("Not paid")
    await place.to_confirmation(parent)
    await place.tap(parent, "confirm")
    await place.tap(parent, "wait")

    gone = await place.tap(parent, "withdraw")

    await place.pass_time(300, 60)
    assert len(place.mpesa.pushes) == 1
    assert await place.status(2) == "cancelled"
    assert "nothing was sent" in gone.text.lower()


async def test_no_prompt_rings_after_an_outage(place: Town) -> None:
    place.mpesa.set_next(Scenario.CANCELLED)
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("Not paid")
    await place.to_confirmation(parent)
    await place.tap(parent, "confirm")
    await place.tap(parent, "wait")

    await place.tick(3600)

    told = await parent.wait_for("Nothing went to M-PESA")
    assert "KES 1,500" in told.text
    assert len(place.mpesa.pushes) == 1


async def test_no_second_prompt_to_a_phone_that_may_still_show_one(place: Town) -> None:
    place.mpesa.set_next(Scenario.MANUAL)
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("Type your PIN only")
    await place.to_confirmation(parent, "2000", "child:2")

    refused = await place.tap(parent, "confirm")

    assert len(await place.payments()) == 1
    assert "09:05" in refused.text
    place.mpesa.answer_prompt("254700000101", "pin")
    await parent.wait_for("Paid")


async def test_after_five_unresolved_minutes_another_try_is_offered(place: Town) -> None:
    place.mpesa.set_next(Scenario.MANUAL)
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("Type your PIN only")

    await place.pass_time(300)

    told = await parent.wait_for("M-PESA SMS")
    assert any("again" in button.key for button in told.buttons)
    place.mpesa.answer_prompt("254700000101", "pin")
    await parent.wait_for("Paid")


async def test_the_other_guardian_is_asked_before_a_second_payment_for_the_same_child(place: Town) -> None:
    place.mpesa.set_next(Scenario.MANUAL)
    grace = await place.parent()
    await place.pay(grace)
    await grace.wait_for("Type your PIN only")
    await place.say(grace, "/pay")
    await place.tap(grace, "child:1")
    await place.say(grace, "1500")
    await place.tap(grace, "set_phone")
    await place.say(grace, "0700-000-199")

    asked = await place.tap(grace, "confirm")

    assert len(await place.payments()) == 1
    assert "still open" in asked.text
    await place.tap(grace, "yes")
    await grace.wait_for("Paid")
    place.mpesa.answer_prompt("254700000101", "cancel")
    await grace.wait_for("Not paid")
