"""The school's M-PESA line goes down: what opens the circuit, who is told what, and what leaves meanwhile."""

from __future__ import annotations

import pytest

from daraja.doctor import Diagnosis
from storage import attention
from tests.bot.services.chatting import GRACE, Chatting
from tests.bot.services.line_desk import LineDesk, confirms
from tests.bot.services.safaricom import PushAnswer

MINUTE = 60


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
