"""M-PESA's reports in every order: lost, doubled, late, contradicting."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from daraja.simulator import Scenario
from tests.journeys.reports import count, prompted, report
from tests.journeys.town import Town


async def test_twenty_simultaneous_identical_callbacks_are_one_receipt(place: Town) -> None:
    parent, path, checkout = await prompted(place)

    answers = await asyncio.gather(*(place.web.post(path, json=report(checkout)) for _ in range(20)))

    await parent.wait_for("Paid")
    assert {(answer.status_code, answer.text) for answer in answers} == {
        (200, '{"ResultCode":0,"ResultDesc":"Accepted"}')
    }
    assert await count(place, "receipts") == 1
    assert await count(place, "ledger_entries", "kind = 'receipt'") == 1
    assert await count(place, "outbox_messages", "dedupe_key LIKE 'payment:1:paid%'") == 1
    assert await place.balance() == 17_000


async def test_the_answer_to_the_push_is_lost_and_the_callback_still_finds_its_payment(place: Town) -> None:
    place.mpesa.set_next(Scenario.ANSWER_LOST)
    parent = await place.parent()
    await place.pay(parent)

    told = await parent.wait_for("Paid")

    assert place.mpesa.books.movements[0].receipt in told.text
    assert len(place.mpesa.pushes) == 1


async def test_a_callback_that_overtakes_the_push_answer_counts(place: Town) -> None:
    place.mpesa.set_next(Scenario.CALLBACK_FIRST)
    parent = await place.parent()
    await place.pay(parent)

    await parent.wait_for("Paid")

    assert await place.balance() == 17_000
    await place.pass_time(400, 40)
    assert await place.status() == "paid"


async def test_a_success_after_a_reported_failure_corrects_what_was_said(place: Town) -> None:
    admin = await place.staff()
    place.mpesa.set_next(Scenario.SUCCESS_AFTER_FAILURE)
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("Not paid")

    told = await parent.wait_for("Paid")

    assert await place.balance() == 17_000
    assert place.mpesa.books.movements[0].receipt in told.text
    assert await admin.wait_for("Amina Wanjiru")


async def test_a_late_success_after_a_day_is_told(place: Town) -> None:
    parent, path, checkout = await prompted(place)
    await place.pass_time(600, 60)
    await place.pass_time(24 * 3600, 3600)
    assert await place.status() == "expired"

    await place.web.post(path, json=report(checkout))

    await parent.wait_for("Paid")
    assert await place.status() == "paid"


@pytest.mark.parametrize("pin_after", [5, 119])
async def test_without_any_callback_a_success_is_told_within_ninety_seconds_of_the_pin(
    behind_a_router: Town, pin_after: int
) -> None:
    place = behind_a_router
    place.mpesa.set_next(Scenario.MANUAL)
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("Type your PIN only")
    await place.pass_time(pin_after, 2)
    place.mpesa.answer_prompt("254700000101", "pin")
    await place.mpesa.wait_for_movements(1)

    await place.pass_time(90, 2)

    told = await parent.wait_for("Paid")
    assert "receipt" in told.text.lower()
    assert await place.balance() == 17_000
    assert await count(place, "receipts", "number IS NULL") == 1


async def test_an_undecided_query_is_asked_again_after_ten_seconds(behind_a_router: Town) -> None:
    place = behind_a_router
    place.mpesa.set_next(Scenario.SILENT)
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("Type your PIN only")
    await place.mpesa.wait_for_movements(1)
    place.mpesa.fail_next("query", "being_processed")

    await place.tick(30)
    assert await place.status() == "requested"
    await place.tick(10)

    await parent.wait_for("Paid")


async def test_a_failure_by_query_counts_only_late_and_repeated(behind_a_router: Town) -> None:
    place = behind_a_router
    place.mpesa.set_next(Scenario.CANCELLED)
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("Type your PIN only")

    await place.pass_time(170)
    assert await place.status() == "requested"
    await place.pass_time(20)

    assert await place.status() == "cancelled"
    await parent.wait_for("Not paid")


async def test_a_query_that_lies_is_corrected_by_the_callback(place: Town) -> None:
    place.mpesa.set_next(Scenario.LYING_QUERY)
    parent = await place.parent()
    await place.pay(parent)

    await parent.wait_for("Paid")

    await place.pass_time(400, 40)
    assert await place.status() == "paid"
    assert await place.balance() == 17_000


async def test_paid_by_query_first_and_the_receipt_number_follows(place: Town) -> None:
    place.mpesa.set_next(Scenario.SILENT)
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("Type your PIN only")
    await place.mpesa.wait_for_movements(1)
    await place.pass_time(60)
    await parent.wait_for("Paid")
    checkout = place.mpesa.prompts[-1].checkout_request_id
    path = httpx.URL(place.mpesa.pushes[-1].callback_url).path

    answer = await place.web.post(path, json=report(checkout, receipt=place.mpesa.books.movements[0].receipt))

    assert answer.status_code == 200
    await parent.wait_for(place.mpesa.books.movements[0].receipt)
    assert await count(place, "receipts", "number IS NOT NULL") == 1
    assert await place.balance() == 17_000


async def test_when_nothing_was_sent_the_parent_hears_that_nothing_was_sent(place: Town) -> None:
    parent = await place.parent()
    await place.to_confirmation(parent)
    place.mpesa.forget_tokens()
    place.mpesa.fail_next("oauth", "html_502", times=2)

    await place.tap(parent, "confirm")

    told = await parent.wait_for("Not paid")
    assert await place.status() == "failed"
    assert len(place.mpesa.pushes) <= 1
    assert any("again" in button.key for button in told.buttons)


async def test_a_refused_token_is_minted_anew_once_and_the_prompt_still_leaves(place: Town) -> None:
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("Paid")
    place.mpesa.forget_tokens()
    await place.to_confirmation(parent, "700")

    await place.tap(parent, "confirm")

    await parent.wait_for("Paid: KES 700")
    assert len(place.mpesa.pushes) == 3
    assert len(place.mpesa.books.movements) == 2
