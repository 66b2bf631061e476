"""M-PESA's reports in every order and shape: lost, doubled, late, contradicting, forged."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from daraja.simulator import Scenario
from storage.unit import Unit
from tests.journeys.town import Town


def report(
    checkout: str, code: int | str = 0, receipt: str = "UKB7RT61SV", amount: float = 1500.0
) -> dict[str, Any]:
    """A callback's body, as the wire carries it."""
    told: dict[str, Any] = {
        "MerchantRequestID": "29115-34620561-1",
        "CheckoutRequestID": checkout,
        "ResultCode": code,
        "ResultDesc": "as the wire says",
    }
    if code == 0:
        told["CallbackMetadata"] = {
            "Item": [
                {"Name": "Amount", "Value": amount},
                {"Name": "MpesaReceiptNumber", "Value": receipt},
                {"Name": "Balance"},
                {"Name": "TransactionDate", "Value": 20261102090010},
                {"Name": "PhoneNumber", "Value": 254700000101},
            ]
        }
    return {"Body": {"stkCallback": told}}


async def prompted(place: Town, amount: str = "1500") -> tuple[Any, str, str]:
    """A parent whose prompt waits for a person: (parent, path of the callback, CheckoutRequestID)."""
    place.mpesa.set_next(Scenario.MANUAL)
    parent = await place.parent()
    await place.pay(parent, amount)
    await parent.wait_for("Type your PIN only")
    path = httpx.URL(place.mpesa.pushes[-1].callback_url).path
    return parent, path, place.mpesa.prompts[-1].checkout_request_id


async def count(place: Town, table: str, where: str = "1 = 1") -> int:
    """Rows of a table, seen from outside."""

    def look(unit: Unit) -> int:
        return int(unit.core.execute(text(f"SELECT count(*) FROM {table} WHERE {where}")).scalar_one())  # noqa: S608

    return await place.database.read(look)


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


@pytest.mark.parametrize("pin_after", [5, 60, 119])
async def test_without_any_callback_a_success_is_told_within_ninety_seconds_of_the_pin(
    behind_a_router: Town, pin_after: int
) -> None:
    place = behind_a_router
    place.mpesa.set_next(Scenario.MANUAL)
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("Type your PIN only")
    await place.pass_time(pin_after, 1)
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


async def test_forged_callbacks_credit_nothing(place: Town) -> None:
    _, path, checkout = await prompted(place)

    unknown = await place.web.post(f"/daraja/stk/{'0' * 32}", json=report(checkout))
    short = await place.web.post("/daraja/stk/abc", json=report(checkout))
    other_id = await place.web.post(path, json=report("ws_CO_0000000000000000000000000000"))

    assert (unknown.status_code, short.status_code, other_id.status_code) == (404, 404, 200)
    assert await place.balance() == 18_500
    assert await place.status() == "requested"
    assert await count(place, "receipts") == 0
    assert await count(place, "inbox_items", "needs_person = 'other_checkout_id'") == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"not json", b'{"Body": {"stkCallback": 7}}'])
async def test_an_unknown_shape_is_kept_for_a_person_and_answered_200(place: Town, body: bytes) -> None:
    _, path, _ = await prompted(place)

    answer = await place.web.post(path, content=body)

    assert answer.status_code == 200
    assert await count(place, "inbox_items", "needs_person = 'unknown_shape'") == 1
    assert await place.status() == "requested"


async def test_another_amount_than_asked_is_recorded_as_it_is_and_flagged(place: Town) -> None:
    admin = await place.staff()
    parent, path, checkout = await prompted(place)

    await place.web.post(path, json=report(checkout, amount=1000.0))

    told = await parent.wait_for("Paid")
    assert "KES 1,000" in told.text
    assert await place.balance() == 17_500
    assert await admin.wait_for("Amina Wanjiru")
    assert (await place.say(admin, "/attention")).text


async def test_an_unknown_result_code_waits_for_a_person_and_the_parent_is_told_so(place: Town) -> None:
    parent, path, checkout = await prompted(place)

    await place.web.post(path, json=report(checkout, code="SFC_XX9999"))

    told = await parent.wait_for("checking")
    assert "PIN" not in told.text or "never" in told.text
    assert await place.status() == "requested"
    await place.web.post(path, json=report(checkout))
    await parent.wait_for("Paid")


async def test_a_failure_after_success_changes_nothing_and_is_flagged(place: Town) -> None:
    parent, path, checkout = await prompted(place)
    await place.web.post(path, json=report(checkout))
    await parent.wait_for("Paid")

    await place.web.post(path, json=report(checkout, code=1032))

    assert await place.status() == "paid"
    assert await count(place, "payments", "needs_person = 'failure_after_paid'") == 1


async def test_a_second_receipt_number_for_one_payment_goes_to_suspense(place: Town) -> None:
    parent, path, checkout = await prompted(place)
    await place.web.post(path, json=report(checkout, receipt="UKB7RT61SV"))
    await parent.wait_for("Paid")

    await place.web.post(path, json=report(checkout, receipt="UKB8RT62SW"))

    assert await count(place, "receipts", "student_id IS NULL AND needs_person IS NOT NULL") == 1
    assert await place.balance() == 17_000


async def test_when_nothing_was_sent_the_parent_hears_that_nothing_was_sent(place: Town) -> None:
    parent = await place.parent()
    await place.to_confirmation(parent)
    place.mpesa.forget_tokens()
    place.mpesa.fail_next("oauth", "html_503", times=2)

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
