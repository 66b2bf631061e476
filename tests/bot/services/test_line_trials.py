"""A line that is down is tried now and then, by one process at a time; then those held back are called, once."""

from __future__ import annotations

import asyncio
import itertools

from bot.dialogue.events import Tapped, Typed
from daraja import DarajaError
from tests.bot.services.counter import HOUR
from tests.bot.services.line_desk import LineDesk, confirms
from tests.bot.services.safaricom import callback_body

MINUTE = 60


async def test_trials_come_ever_more_seldom_and_ring_no_phone(desk: LineDesk) -> None:
    one = desk.worker("one")
    await desk.goes_down()
    await desk.passes(2, one)
    tried = []
    for minute in range(1, 91):
        before = desk.place.mpesa.probes
        await desk.passes(MINUTE, one)
        tried += [minute] * (desk.place.mpesa.probes > before)
    gaps = [later - earlier for earlier, later in itertools.pairwise(tried)]
    assert tried[0] == 1
    assert gaps == sorted(gaps)
    assert gaps[-1] == 30
    assert desk.place.mpesa.pushes == []


async def test_who_was_held_back_hears_once_with_a_button_that_opens_the_same_payment_again(
    either: LineDesk,
) -> None:
    one, other = either.worker("one"), either.worker("other")
    await either.goes_down()
    parent = await confirms(either)
    await parent.does(Typed("1700"))
    await either.passes(2, one)
    await either.place.deliver()
    either.place.mpesa.line = ""
    either.place.clock.advance(2 * MINUTE)
    await asyncio.gather(one.tick(), other.tick())
    await asyncio.gather(one.tick(), other.tick())
    told = await either.place.deliver()
    assert sorted(message.chat_id for message in told) == sorted(
        chat.id for chat in (either.place.admin, either.place.grace.chat, either.place.peter.chat)
    )
    back = next(message for message in told if message.chat_id == either.place.grace.chat.id)
    assert "M-PESA works again. When you tried to pay, nothing was charged" in back.text
    assert back.keys == ("again:2",)
    admin = next(message for message in told if message.chat_id == either.place.admin.id)
    assert "works again, after 2 min 2 s. Parents held back: 2." in admin.text
    (confirm,) = await parent.does(Tapped("again:2", None))
    assert "Amount: KES 1,500" in confirm.text
    assert len(either.place.mpesa.pushes) == 0
    for _ in range(3):
        await either.passes(HOUR, one)
    assert await either.place.deliver() == []
    assert await either.states() == ["told", "told"]


async def test_who_tried_often_is_held_back_once_with_the_last_amount(either: LineDesk) -> None:
    await either.goes_down()
    parent = await confirms(either)
    await parent.does(Tapped("again:2", None))
    await parent.does(Typed("1600"))
    await parent.taps("confirm")
    assert await either.states() == ["waiting", "waiting"]
    assert await either.parents() == 2
    either.place.mpesa.line = ""
    await either.place.deliver()
    for _ in range(2):
        await either.passes(2 * MINUTE, either.worker("one"))
    (back,) = await either.told(either.place.grace.chat)
    assert "KES 1,600" in back.text
    assert back.keys == ("again:3",)


async def test_who_has_paid_meanwhile_or_after_a_day_hears_nothing(either: LineDesk) -> None:
    one = either.worker("one")
    earlier = await either.place.prompted(1500)  # an earlier prompt, still open
    await either.goes_down()
    either.place.clock.advance(MINUTE)
    held = await either.place.queued(1500, phone="254700000199")
    await either.place.collect.push(held)
    seen = either.place.mpesa.pushes[0]
    await either.place.settle.callback(
        seen.token, callback_body(seen.checkout, number="UKB1AAAAA1", amount=1500)
    )
    assert await either.place.status(earlier) == "paid"
    await either.place.deliver()
    either.place.clock.advance(25 * HOUR)
    either.place.mpesa.line = ""
    for _ in range(2):
        await either.passes(31 * MINUTE, one)
    assert sorted(await either.states()) == ["not_needed", "too_late"]
    assert await either.told(either.place.peter.chat) == []


async def test_a_typed_code_of_a_payment_by_hand_needs_no_call_back(desk: LineDesk) -> None:
    await desk.goes_down()
    parent = await confirms(desk)
    await parent.does(Typed("UKB7RT61SV"))
    desk.place.mpesa.line = ""
    for _ in range(2):
        await desk.passes(2 * MINUTE, desk.worker("one"))
    assert await desk.states() == ["told", "not_needed"]


async def test_a_restart_tries_at_once(desk: LineDesk) -> None:
    await desk.goes_down()
    one = desk.worker("one")
    for _ in range(9):
        await desk.passes(30 * MINUTE, one)
    desk.place.mpesa.line = ""
    await desk.passes(1, one)
    assert (await desk.line()).down
    await desk.worker("one, started anew").tick()
    assert not (await desk.line()).down


async def test_a_process_killed_in_the_middle_of_a_trial_is_replaced_when_its_lease_is_over(
    either: LineDesk,
) -> None:
    one, other = either.worker("one"), either.worker("other")
    await either.goes_down()
    await either.passes(2, one)
    await other.tick()
    reached = asyncio.Event()

    async def forever() -> None:
        reached.set()
        await asyncio.Event().wait()

    either.place.mpesa.probing = forever
    either.place.clock.advance(2 * MINUTE)
    trying = asyncio.create_task(one.tick())
    await reached.wait()
    trying.cancel()
    await asyncio.gather(trying, return_exceptions=True)
    either.place.mpesa.probing, either.place.mpesa.line = None, ""
    probes = either.place.mpesa.probes
    await other.tick()
    assert either.place.mpesa.probes == probes
    await either.passes(301, other)
    assert either.place.mpesa.probes == probes + 1
    assert not (await either.line()).down


async def test_after_an_hour_one_parents_own_payment_may_be_the_trial(either: LineDesk) -> None:
    """A probe is known from the sandbox only: should it be refused where a push is not, the school is not shut out."""
    one = either.worker("one")
    await either.goes_down()
    await either.place.deliver()
    for _ in range(5):
        await either.passes(15 * MINUTE, one)
    refused = await either.place.prompted(1500)
    assert await either.place.status(refused) == "failed"
    assert await either.place.status(await either.place.prompted(1600)) == "cancelled"
    either.place.clock.advance(31 * MINUTE)
    either.place.mpesa.line = ""
    assert await either.place.status(await either.place.prompted(1700)) == "requested"
    assert not (await either.line()).down
    await one.tick()
    assert "works again" in await either.place.heard(either.place.admin)


async def test_a_refused_question_has_the_line_tried_and_the_probe_decides(either: LineDesk) -> None:
    one = either.worker("one")
    await either.place.prompted(1500)
    await one.tick()
    assert either.place.mpesa.probes == 0
    either.place.mpesa.line = "token_refused"
    await either.place.tick(31)
    assert not (await either.line()).down
    await one.tick()
    assert (await either.line()).down
    assert either.place.mpesa.turned_away.count("probe") == 2  # with the token and with a new one
    assert "line is down" in await either.place.heard(either.place.admin)


async def test_a_refused_question_alone_opens_nothing_and_is_not_tried_again_and_again(
    desk: LineDesk,
) -> None:
    one = desk.worker("one")
    await desk.place.prompted(1500)
    for _ in range(4):
        desk.place.mpesa.line = "firewall"
        await desk.place.tick(31)
        desk.place.mpesa.line = ""
        await one.tick()
    assert desk.place.mpesa.probes == 1
    assert not (await desk.line()).down


async def test_an_answer_from_before_the_recovery_does_not_open_it_again(desk: LineDesk) -> None:
    one = desk.worker("one")
    await desk.goes_down()
    await desk.passes(2, one)
    desk.place.mpesa.line = ""
    await desk.passes(2 * MINUTE, one)
    outcome = await _late_refusal(desk)
    await desk.place.settle.push_outcome(1, outcome)
    assert not (await desk.line()).down
    await one.tick()


async def _late_refusal(desk: LineDesk) -> DarajaError:
    desk.place.mpesa.line = "token_refused"
    try:
        await desk.daraja.probe_push()
    except DarajaError as error:
        return error
    finally:
        desk.place.mpesa.line = ""
    raise AssertionError
