"""The school's M-PESA line goes down and comes back: who is told what, how often, and what leaves meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.dialogue.events import Tapped, Typed
from daraja.doctor import Diagnosis
from storage import attention
from storage.opening import open_database
from tests.bot.services.chatting import GRACE, Chatting
from tests.bot.services.counter import HOUR
from tests.bot.services.line_desk import LineDesk, line_desk
from tests.bot.services.safaricom import PushAnswer, callback_body
from tests.databases import MASTER_KEY, fresh_sqlite

MINUTE = 60


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[LineDesk]:
    """On a file: what these tests tell does not depend on the engine."""
    async with _opened(fresh_sqlite(tmp_path)) as opened:
        yield opened


@pytest.fixture
async def either(database_url: str) -> AsyncIterator[LineDesk]:
    """On each engine: several workers at once, and the rows that hold them apart."""
    async with _opened(database_url) as opened:
        yield opened


@contextlib.asynccontextmanager
async def _opened(url: str) -> AsyncIterator[LineDesk]:
    database = open_database(url, [MASTER_KEY])
    try:
        async with line_desk(database) as opened:
            yield opened
    finally:
        database.close()


async def confirms(desk: LineDesk, address: str = GRACE) -> Chatting:
    """A parent as far as the tap on Pay, and its push."""
    await desk.place.deliver()
    parent = Chatting(desk.place, address)
    await parent.chooses_amina()
    await parent.taps("confirm")
    for payment_id in desk.place.taken[-1].pushes:
        await desk.place.collect.push(payment_id)
    return parent


async def test_a_refused_token_opens_the_circuit_at_once_and_only_admins_hear_why(either: LineDesk) -> None:
    await either.goes_down()
    told = await either.place.deliver()
    to_admin = [message.text for message in told if message.chat_id == either.place.admin.id]
    to_peter = [message.text for message in told if message.chat_id == either.place.peter.chat.id]
    assert len(to_admin) == len(to_peter) == 1
    assert "line is down since 12:00: M-PESA does not accept our access token" in to_admin[0]
    assert "No money has left your M-PESA" in to_peter[0]
    assert "I will tell you here when it works" in to_peter[0]
    assert "token" not in to_peter[0]
    assert either.place.mpesa.turned_away == ["push", "push"]  # the second one with a new token
    assert await either.place.status(1) == "failed"


@pytest.mark.parametrize(
    ("answer", "down"),
    [
        (PushAnswer("gateway"), False),
        (PushAnswer("lost"), False),
        (PushAnswer("stale_and_down"), False),
        (PushAnswer("error", "500.003.02", "System is busy"), False),
        (PushAnswer("error", "500.001.1001", "Wrong credentials"), False),
        (PushAnswer("never"), False),
        (PushAnswer("stale"), False),
    ],
)
async def test_what_says_nothing_of_the_line_leaves_it_working(
    desk: LineDesk, answer: PushAnswer, down: bool
) -> None:
    desk.place.mpesa.push_answers[700] = answer
    await desk.place.prompted(700)
    desk.place.mpesa.down = False
    await desk.place.prompted(900, family=desk.place.peter)
    assert (await desk.line()).down is down
    assert await desk.place.status(2) == "requested"


async def test_a_firewalls_page_is_uncertain_and_says_so_and_nobody_else_is_sent_there(
    desk: LineDesk,
) -> None:
    await desk.goes_down("firewall")
    assert await desk.place.status(1) == "uncertain"
    assert "I do not know yet" in await desk.place.heard(desk.place.peter.chat)
    await confirms(desk)
    assert desk.place.mpesa.turned_away == ["push"]
    assert await desk.states() == ["waiting"]  # whose prompt may be out is not called back


async def test_who_confirms_while_it_is_down_is_never_queued(desk: LineDesk) -> None:
    await desk.goes_down()
    await desk.place.deliver()
    parent = Chatting(desk.place, GRACE)
    await parent.chooses_amina()
    (told,) = await parent.taps("confirm")
    assert "Not paid: KES 1,500 for Amina" in told.text
    assert "line is down at the moment, so no prompt was sent" in told.text
    assert "M-PESA menu" not in told.text  # in the sandbox money sent by hand does not reach the school
    assert desk.place.taken[-1].pushes == ()
    assert (await desk.place.payment(2)).cause == "line_down"
    assert await desk.states() == ["waiting", "waiting"]


async def test_what_is_due_while_it_is_down_is_called_off_and_told(either: LineDesk) -> None:
    waiting = await either.place.queued(push_at=either.place.clock.now.replace(minute=2))
    await either.goes_down()
    await either.place.deliver()
    await either.place.tick(MINUTE)
    assert await either.place.status(waiting) == "queued"
    await either.place.tick(MINUTE)
    assert await either.place.status(waiting) == "cancelled"
    assert "line is down at the moment" in await either.place.heard(either.place.grace.chat)
    await either.place.tick(MINUTE)
    assert await either.place.heard(either.place.grace.chat) == ""
    assert len(either.place.mpesa.turned_away) == 2


async def test_the_doctor_comes_once_and_its_verdict_takes_the_place_of_the_first_words(
    desk: LineDesk,
) -> None:
    one = desk.worker("one")
    await desk.goes_down()
    (first,) = await desk.told(desk.place.admin)
    await desk.passes(2, one)
    (verdict,) = await desk.told(desk.place.admin)
    assert "I am looking for the reason" in first.text
    assert "M-PESA Express is not on it" in verdict.text
    assert "I am looking" not in verdict.text
    for _ in range(4):
        await desk.passes(10 * MINUTE, one)
    assert desk.doctor.visits == 1
    assert await desk.told(desk.place.admin) == []


async def test_a_doctor_who_fails_keeps_nobody_from_trying(desk: LineDesk) -> None:
    one = desk.worker("one")
    desk.doctor.trouble = OSError("no network")
    await desk.goes_down()
    await desk.passes(2, one)
    desk.place.mpesa.line = ""
    await desk.passes(61, one)
    assert not (await desk.line()).down


async def test_a_doctor_who_finds_all_well_has_it_tried_at_once(desk: LineDesk) -> None:
    one = desk.worker("one")
    desk.doctor.says = Diagnosis("well", "All well.", (), "Nothing.")
    await desk.goes_down()
    desk.place.mpesa.line = ""
    await desk.passes(2, one)
    await desk.passes(2, one)
    assert not (await desk.line()).down


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


async def _late_refusal(desk: LineDesk) -> Exception:
    desk.place.mpesa.line = "token_refused"
    try:
        await desk.daraja.probe_push()
    except Exception as error:
        return error
    finally:
        desk.place.mpesa.line = ""
    raise AssertionError


async def test_the_desk_shows_it_and_a_person_who_dealt_with_it_has_it_tried(either: LineDesk) -> None:
    place, one = either.place, either.worker("one")
    await either.goes_down()
    await either.passes(2, one)
    (row,) = await place.database.read(lambda unit: attention.listing(unit, place.school.id))
    assert (row.ref, row.what) == ("line:1", "line_down")
    place.mpesa.line = ""
    assert await place.database.write(
        lambda unit: attention.done(
            unit, place.school.id, "line:1", note="new key", by="staff:1", now=place.clock()
        )
    )
    await one.tick()
    assert await place.database.read(lambda unit: attention.listing(unit, place.school.id)) == []
