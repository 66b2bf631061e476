"""Reports that are forged, unreadable, unknown or at odds with what we know: nothing invented, a person looks."""

from __future__ import annotations

from tests.journeys.reports import count, prompted, report
from tests.journeys.town import Town


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


async def test_an_unknown_shape_is_kept_for_a_person_and_answered_200(place: Town) -> None:
    _, path, _ = await prompted(place)

    for kept, body in enumerate([b"", b"{}", b"[]", b"not json", b'{"Body": {"stkCallback": 7}}'], 1):
        answer = await place.web.post(path, content=body)

        assert answer.status_code == 200
        assert await count(place, "inbox_items", "needs_person = 'unknown_shape'") == kept
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
    assert await count(place, "payment_concerns", "reason = 'failure_after_paid' AND ended_at IS NULL") == 1


async def test_a_second_receipt_number_for_one_payment_goes_to_suspense(place: Town) -> None:
    parent, path, checkout = await prompted(place)
    await place.web.post(path, json=report(checkout, receipt="UKB7RT61SV"))
    await parent.wait_for("Paid")

    await place.web.post(path, json=report(checkout, receipt="UKB8RT62SW"))

    assert await count(place, "receipts", "student_id IS NULL AND needs_person IS NOT NULL") == 1
    assert await place.balance() == 17_000
