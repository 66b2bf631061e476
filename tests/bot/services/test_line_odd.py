"""The M-PESA line in odd company: a probe that passes where pushes do not, promises that must be kept, odd moments."""

from __future__ import annotations

from functools import partial

from bot.dialogue.events import Tapped
from bot.services.announce import Announcer
from bot.services.line import Line
from daraja import TokenUnavailable
from daraja.doctor import Diagnosis
from storage import payments
from storage.unit import Unit
from tests.bot.services.counter import HOUR
from tests.bot.services.line_desk import LineDesk, confirms
from tests.bot.services.safaricom import PushAnswer

MINUTE = 60
REFUSED = PushAnswer("error", "404.001.03", "Invalid Access Token", 404)
PROMISE = "I will tell you here when it works"


async def _works_after(desk: LineDesk, worker: Line) -> int:
    """For how many minutes the line was down."""
    for minute in range(60):
        await worker.tick()
        await worker.tick()
        if not (await desk.line()).down:
            return minute
        desk.place.clock.advance(MINUTE)
    raise AssertionError("it does not come back")


async def test_a_probe_that_passes_where_pushes_do_not_has_parents_called_ever_more_seldom(
    either: LineDesk,
) -> None:
    one = either.worker("one")
    either.doctor.says = Diagnosis("well", "All well.", (), "Nothing.")
    lasted = []
    for number in range(7):
        either.place.mpesa.push_answers[800 + number] = REFUSED
        await either.place.prompted(800 + number, phone=f"25470000{number:04}")
        assert (await either.line()).down
        lasted.append(await _works_after(either, one))
        either.place.clock.advance(MINUTE)
    assert lasted[0] == 0
    assert lasted == sorted(lasted)
    assert lasted[-1] >= 30


async def test_a_prompt_that_got_through_in_between_shows_that_it_was_well(desk: LineDesk) -> None:
    one = desk.worker("one")
    desk.doctor.says = Diagnosis("well", "All well.", (), "Nothing.")
    for number in range(5):
        desk.place.mpesa.push_answers[800 + number] = REFUSED
        await desk.place.prompted(800 + number, phone=f"25470000{number:04}")
        assert (await desk.line()).down
        assert await _works_after(desk, one) == 0
        desk.place.clock.advance(MINUTE)
        assert (
            await desk.place.status(await desk.place.prompted(900, phone=f"25471000{number:04}"))
            == "requested"
        )


def _claim(desk: LineDesk, payment_id: int, token: str, unit: Unit) -> None:
    announce = Announcer(desk.place.school, desk.place.clock)
    now = desk.place.clock()
    assert payments.claim_push(unit, payment_id, token=token, now=now, lease_s=150, announce=announce)


async def test_who_is_promised_a_call_without_a_sign_of_their_own_is_called(either: LineDesk) -> None:
    """Two pushes share one token that was not to be had: the second error does not say why."""
    one = either.worker("one")
    held = await either.place.queued(1500)
    claimed = await either.place.queued(1600, family=either.place.peter)
    tokens = iter(("ab" * 16, "cd" * 16))
    for payment_id in (held, claimed):
        await either.place.database.write(partial(_claim, either, payment_id, next(tokens)))
    await either.place.settle.push_outcome(held, TokenUnavailable("no", http_status=400))
    await either.place.settle.push_outcome(
        claimed, TokenUnavailable("no access token: the try just now failed")
    )
    assert PROMISE in await either.place.heard(either.place.peter.chat)
    for _ in range(2):
        await either.passes(2 * MINUTE, one)
    assert "M-PESA works again" in await either.place.heard(either.place.peter.chat)


async def test_a_payment_from_before_the_outage_makes_no_promise(desk: LineDesk) -> None:
    one = desk.worker("one")
    await desk.goes_down()
    parent = await confirms(desk)
    desk.place.mpesa.line = ""
    for _ in range(2):
        await desk.passes(2 * MINUTE, one)
    await desk.place.deliver()
    desk.place.clock.advance(HOUR)
    await desk.goes_down(amount_kes=750)
    shown = await parent.does(Tapped("open:2", None))
    told = next(each for each in shown if each.chat_id == desk.place.grace.chat.id)
    assert "line is down just now. If you still want to pay, try again" in told.text
    assert "again:2" in told.keys
    await parent.does(Tapped("again:2", None))
    (told,) = await parent.taps("confirm")
    assert PROMISE in told.text
    assert "again:3" not in told.keys


async def test_after_a_day_the_promise_is_over_and_is_not_repeated(desk: LineDesk) -> None:
    await desk.goes_down()
    parent = await confirms(desk)
    desk.place.clock.advance(25 * HOUR)
    (told,) = await parent.does(Tapped("open:2", None))
    assert PROMISE not in told.text
    assert "again:2" in told.keys
    await desk.worker("one").tick()


async def test_a_trial_is_not_lost_on_a_payment_whose_phone_is_only_now_free(either: LineDesk) -> None:
    either.place.mpesa.line = "firewall"
    await either.place.prompted(1500)
    either.place.clock.advance(61 * MINUTE)
    either.place.mpesa.line = ""
    assert await either.place.status(await either.place.prompted(1600)) == "requested"
    assert not (await either.line()).down
    await either.place.tick()


async def test_a_clock_that_is_put_back_shuts_nobody_out(either: LineDesk) -> None:
    one = either.worker("one")
    either.place.clock.advance(24 * HOUR)
    await either.goes_down()
    await either.passes(2, one)
    either.place.mpesa.line = ""
    either.place.clock.advance(-24 * HOUR)
    for _ in range(2):
        await either.passes(2 * MINUTE, one)
    assert not (await either.line()).down


async def test_with_a_clock_that_was_put_back_a_parents_own_payment_still_opens_the_line(
    either: LineDesk,
) -> None:
    either.place.clock.advance(24 * HOUR)
    await either.goes_down()
    either.place.mpesa.line = ""
    either.place.clock.advance(-24 * HOUR)
    assert await either.place.status(await either.place.prompted(900)) == "requested"
    assert not (await either.line()).down


async def test_a_recovery_from_a_clock_that_was_put_back_keeps_no_later_refusal_from_counting(
    desk: LineDesk,
) -> None:
    one = desk.worker("one")
    desk.place.clock.advance(24 * HOUR)
    await desk.goes_down()
    desk.place.mpesa.line = ""
    for _ in range(2):
        await desk.passes(2 * MINUTE, one)
    desk.place.clock.advance(-24 * HOUR)
    await desk.goes_down(amount_kes=750)
    assert (await desk.line()).down
    await one.tick()
