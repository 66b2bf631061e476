"""Money that turns up while another try is under way: nothing rings in vain, nobody is left guessing."""

from __future__ import annotations

from daraja.simulator import Scenario
from tests.journeys.reports import count, prompted, report
from tests.journeys.town import Town


async def test_a_prompt_that_waits_is_called_off_when_the_first_payment_turns_out_paid(place: Town) -> None:
    parent, path, checkout = await prompted(place)
    await place.web.post(path, json=report(checkout, code=1032))
    await parent.wait_for("Not paid")
    await place.to_confirmation(parent)
    await place.tap(parent, "confirm")
    await place.tap(parent, "wait")

    await place.web.post(path, json=report(checkout))

    await parent.wait_for("did not send another prompt")
    await place.pass_time(200, 20)
    assert len(place.mpesa.pushes) == 1
    assert await place.status(2) == "cancelled"
    assert await place.balance() == 17_000


async def test_two_tries_that_both_go_through_are_both_booked_and_shown_to_staff(place: Town) -> None:
    admin = await place.staff()
    parent, path, checkout = await prompted(place)
    await place.pass_time(300)
    await parent.wait_for("M-PESA SMS")
    await place.tap(parent, "again:1")
    await place.tap(parent, "confirm")
    await parent.wait_for("Paid")

    await place.web.post(path, json=report(checkout))

    await admin.wait_for("second payment of the same amount")
    assert await place.balance() == 15_500
    assert await count(place, "receipts", "payment_id IS NOT NULL") == 2


async def test_the_other_parent_is_asked_before_paying_for_the_same_child_too(place: Town) -> None:
    place.mpesa.set_next(Scenario.MANUAL)
    mother = await place.parent(101, "254700000101")
    await place.pay(mother)
    await mother.wait_for("Type your PIN only")
    father = await place.parent(102, "254700000102")
    await place.to_confirmation(father)

    asked = await place.tap(father, "confirm")

    assert "still open" in asked.text
    assert len(place.mpesa.pushes) == 1
    assert not any("open" in button.key for button in asked.buttons)
    place.mpesa.answer_prompt("254700000101", "pin")
    await mother.wait_for("Paid")


async def test_a_report_that_stumbles_is_kept_for_a_person_and_answered_200(place: Town) -> None:
    """A receipts table that is gone stands for any bug behind the inbox; M-PESA is not told to go away."""
    _, path, checkout = await prompted(place)
    await place.sql("ALTER TABLE receipts RENAME TO receipts_away")

    answer = await place.web.post(path, json=report(checkout))
    await place.sql("ALTER TABLE receipts_away RENAME TO receipts")

    assert answer.status_code == 200
    assert await count(place, "inbox_items", "needs_person = 'not_applied'") == 1
    again = await place.web.post(path, json=report(checkout))
    assert again.status_code == 200
    assert await place.status() == "paid"
    assert await place.balance() == 17_000


async def test_a_session_that_cannot_be_read_stops_nobody(place: Town) -> None:
    parent, _, _ = await prompted(place)
    other = await place.parent(103, "254700000103")
    place.mpesa.set_next(Scenario.SILENT)
    await place.pay(other, "2000")
    await other.wait_for("Type your PIN only")
    await place.sql("UPDATE dialogue_sessions SET state_enc = :state WHERE chat_id = 1", state=b"\x00")

    await place.pass_time(320, 10)

    await other.wait_for("Paid")
    await parent.wait_for("M-PESA SMS")
    place.mpesa.answer_prompt("254700000101", "pin")
    await parent.wait_for("Paid")


async def test_after_a_day_without_power_m_pesa_is_asked_before_anyone_gives_up(
    behind_a_router: Town,
) -> None:
    place = behind_a_router
    place.mpesa.set_next(Scenario.SILENT)
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("Type your PIN only")
    await place.mpesa.wait_for_movements(1)

    await place.tick(25 * 3600)

    await parent.wait_for("Paid")
    assert await place.status() == "paid"
