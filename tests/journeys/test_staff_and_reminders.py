"""Staff look receipts up, an admin reminds those in arrears, and nobody else can do either."""

from __future__ import annotations

from daraja.simulator import Scenario
from tests.journeys.town import Town


async def test_staff_see_that_a_receipt_is_genuine_however_it_is_typed(place: Town) -> None:
    staff = await place.staff(role="staff")
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("Paid")
    receipt = place.mpesa.books.movements[0].receipt

    for typed in (
        receipt,
        receipt.lower(),
        f"{receipt[:4]} {receipt[4:]}",
        f"{receipt} Confirmed. Ksh1,500.00 sent to",
    ):
        answer = await place.say(staff, f"/receipt {typed}")
        assert "enuine" in answer.text
        assert "KES 1,500" in answer.text
        assert "Amina Wanjiru" in answer.text
        assert "07••• 101" in answer.text


async def test_a_code_that_is_not_ours_is_said_to_be_not_ours(place: Town) -> None:
    staff = await place.staff(role="staff")

    answer = await place.say(staff, "/receipt UKB7RT61SV")

    assert "UKB7RT61SV" in answer.text
    assert "enuine" not in answer.text


async def test_a_typed_code_is_a_claim_and_never_proof(behind_a_router: Town) -> None:
    place = behind_a_router
    staff = await place.staff(role="staff")
    place.mpesa.set_next(Scenario.ANSWER_LOST)
    parent = await place.parent()
    await place.pay(parent)
    asked = await parent.wait_for("send me its code")
    assert "I cannot ask M-PESA" in asked.text

    claimed = await place.say(parent, "UKB7RT61SV Confirmed. Ksh1,500.00 sent to School")

    assert "UKB7RT61SV" in claimed.text
    assert await place.status() == "uncertain"
    assert await place.balance() == 18_500
    staff.say("/receipt ukb7rt61sv")
    answer = await staff.wait_for("not confirmed")
    assert "UKB7RT61SV" in answer.text
    listed = await place.say(staff, "/attention")
    assert "UKB7RT61SV" in listed.text
    assert "enuine" not in answer.text


async def test_others_who_try_staff_commands_are_refused(place: Town) -> None:
    parent = await place.parent()

    for command in ("/receipt UKB7RT61SV", "/remind", "/attention"):
        answer = await place.say(parent, command)
        assert "staff" in answer.text.lower()
        assert "Baraka" not in answer.text


async def test_staff_who_are_no_admin_cannot_remind(place: Town) -> None:
    staff = await place.staff(role="staff")

    answer = await place.say(staff, "/remind")

    assert not any("send" in button.key for button in answer.buttons)


async def test_a_staff_link_works_once_and_admins_hear_who_used_it(place: Town) -> None:
    admin = await place.staff(900)
    await place.staff(901, role="staff")
    assert "Staff 901" in (await admin.wait_for("Staff 901")).text
    link = next(text for who, text, _ in place.api.person(901, "").transcript() if text.startswith("/start"))
    thief = place.api.person(902, "Thief", "254700000999")

    answer = await place.say(thief, link)

    assert "staff access" not in answer.text


async def test_a_reminder_reaches_each_family_in_arrears_once_with_a_pay_button(place: Town) -> None:
    grace = await place.parent(101, "254700000101")
    joseph = await place.parent(102, "254700000102")
    peter = await place.parent(103, "254700000103", "sw")
    admin = await place.staff()

    asked = await place.say(admin, "/remind")
    assert "3" in asked.text
    confirm = next(i for i, button in enumerate(asked.buttons) if "send" in button.key)
    admin.tap_button(asked.id, confirm)
    admin.tap_button(asked.id, confirm)
    await admin.wait_for("older message")
    await place.pass_until(lambda: any("4 of 4" in message.text for message in admin.messages))
    await place.tick(5)

    assert (_reminders(grace), _reminders(joseph), _reminders(peter)) == (2, 1, 1)
    progress = [message for message in admin.messages if "4 of 4" in message.text]
    assert len(progress) == 1
    shown = await place.tap(peter, "payfor")
    assert "KES 24,750" in shown.text


async def test_who_paid_since_the_reminder_was_confirmed_is_not_asked(place: Town) -> None:
    peter = await place.parent(103, "254700000103")
    admin = await place.staff()
    await place.say(admin, "/remind")
    await place.tap(admin, "send")
    await place.pay(peter, "24750")
    await peter.wait_for("Paid")

    await place.tick()
    await place.tick()

    assert _reminders(peter) == 0


def _reminders(person: object) -> int:
    return sum("payfor" in button.key for message in person.messages for button in message.buttons)  # type: ignore[attr-defined]
