"""M-PESA refuses the school itself: parents hear that nothing was charged, and are called back when it works."""

from __future__ import annotations

from tests.journeys.reports import count
from tests.journeys.town import Town


def prompts(place: Town) -> int:
    """How many pushes for a phone reached M-PESA, refused ones too; empty ones are probes."""
    return sum(1 for push in place.mpesa.pushes if push.phone)


async def test_a_refused_school_holds_everybody_back_and_calls_everybody_once(place: Town) -> None:
    admin = await place.staff()
    grace = await place.parent()
    peter = await place.parent(103, "254700000103", language="sw")
    place.mpesa.fail_next("push", "token_refused", times=None)
    await place.to_confirmation(grace)
    await place.to_confirmation(peter, "2000")

    await place.tap(grace, "confirm")
    told = await grace.wait_for("M-PESA line is down at the moment")
    assert "No money has left your M-PESA" in told.text
    assert not any("again" in button.key for button in told.buttons)
    assert "token" in (await admin.wait_for("M-PESA line is down since 09:00")).text
    sent = prompts(place)
    answer = await place.tap(peter, "confirm")
    assert "Haijalipwa: KES 2,000" in answer.text
    assert "Hakuna pesa zilizotoka kwenye M-PESA yako" in answer.text
    assert "nitakujulisha hapa" in answer.text
    assert prompts(place) == sent

    await place.tick(2)
    await admin.wait_for("I had the doctor look. Most likely:")
    assert "line:1" in (await place.say(admin, "/attention")).text
    place.mpesa.clear_orders()
    await place.tick(75)
    await admin.wait_for("Parents held back: 2")
    back = await place.told_in_time(grace, "M-PESA works again. When you tried to pay, nothing was charged")
    await place.told_in_time(peter, "M-PESA inafanya kazi tena")
    assert [button.label for button in back.buttons] == ["Pay KES 1,500: Amina Wanjiru"]
    assert prompts(place) == sent

    confirm = await place.tap(grace, "again:1")
    assert "Amount: KES 1,500" in confirm.text
    await place.tap(grace, "confirm")
    await grace.wait_for("Paid: KES 1,500")
    await place.pass_time(4000, 1000)
    assert await count(place, "outbox_messages", "dedupe_key LIKE 'held:%'") == 2
    assert await count(place, "outbox_messages", "dedupe_key LIKE 'line:1:%'") == 3


async def test_a_firewalls_page_leaves_its_own_payment_open_and_the_next_parent_is_held_back(
    place: Town,
) -> None:
    grace = await place.parent()
    peter = await place.parent(103, "254700000103")
    place.mpesa.fail_next("push", "html_403")
    await place.to_confirmation(peter, "2000")
    await place.pay(grace)
    await grace.wait_for("I do not know yet")

    answer = await place.tap(peter, "confirm")

    assert "line is down at the moment" in answer.text
    await place.tick(2)
    await place.tick(75)
    await place.told_in_time(peter, "M-PESA works again")
    await place.pass_time(320, 40)
    assert not any("works again" in message.text for message in grace.messages)
    assert await place.status(1) == "uncertain"


async def test_what_a_parent_left_to_be_sent_later_is_called_off_in_words(place: Town) -> None:
    grace = await place.parent()
    peter = await place.parent(103, "254700000103")
    await place.pay(grace)
    await grace.wait_for("Paid")
    await place.to_confirmation(grace)
    await place.tap(grace, "confirm")
    await place.tap(grace, "wait")
    place.mpesa.fail_next("push", "html_503", times=None)
    await place.pay(peter, "2000")
    await peter.wait_for("I do not know yet")

    await place.pass_time(130, 26)

    await grace.wait_for("line is down at the moment")
    assert await place.status(2) == "cancelled"
    assert prompts(place) == 2
