"""A parent sends in the code of the M-PESA SMS: M-PESA is asked, and only its own word credits anything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.playground.person import Person
from daraja.simulator import Script
from tests.journeys.reports import count
from tests.journeys.town import Town, town

#: The push's answer and the callback are lost: nobody can tell but by the code.
LOST = Script(answer_lost=True, callbacks=0)


@pytest.fixture
async def asking(tmp_path: Path, database_url: str) -> AsyncIterator[Town]:
    """A school with an API operator."""
    async with town(tmp_path, database_url, operator_password="simulator-password") as stage:
        yield stage


async def paid_unheard(place: Town) -> tuple[Person, str]:
    """A payment that went through and that nobody told us of: its parent, and its receipt number."""
    place.mpesa.set_next(LOST)
    parent = await place.parent()
    await place.pay(parent)
    await place.mpesa.wait_for_movements(1)
    await parent.wait_for("I do not know yet")
    return parent, place.mpesa.books.movements[-1].receipt


async def answered(place: Town) -> None:
    """M-PESA is asked what is due, and answers."""
    await place.tick(2)
    await place.mpesa.settle_all()


async def test_a_code_that_mpesa_confirms_settles_the_payment_once(asking: Town) -> None:
    parent, receipt = await paid_unheard(asking)
    asking.mpesa.set_next_result("duplicate")

    await asking.say(parent, f"{receipt} Confirmed. Ksh1,500.00 sent to School")
    await answered(asking)

    told = await parent.wait_for("Paid")
    assert receipt in told.text
    assert [delivery.status for delivery in asking.mpesa.results] == [200, 200, 200]
    assert (await asking.status(), await asking.balance()) == ("paid", 17_000)
    assert await count(asking, "receipts", f"number = '{receipt}'") == 1
    assert await count(asking, "inbox_items", "channel = 'result' AND copies = 3") == 1
    assert await count(asking, "claims", "needs_person IS NOT NULL") == 0
    assert await count(asking, "questions", "state = 'answered' AND outcome = 'confirmed'") == 1
    await asking.pass_time(1200, 600)
    assert len(asking.mpesa.operations.requests) == 1


async def test_a_time_out_is_no_news_and_the_same_is_asked_again(asking: Town) -> None:
    parent, receipt = await paid_unheard(asking)
    asking.mpesa.set_next_result("timeout")
    await asking.say(parent, receipt)

    await answered(asking)
    assert (await asking.status(), await asking.balance()) == ("uncertain", 18_500)
    assert await count(asking, "inbox_items", "channel = 'timeout' AND note = 'not_yet_known'") == 1

    await asking.tick(60)
    await asking.mpesa.settle_all()
    await parent.wait_for("Paid")
    assert await asking.balance() == 17_000


async def test_a_code_that_mpesa_does_not_know_credits_nothing_and_waits_for_a_person(asking: Town) -> None:
    admin = await asking.staff()
    parent, _ = await paid_unheard(asking)

    await asking.say(parent, "UKB7RT61SV")
    await answered(asking)

    assert await admin.wait_for("does not confirm")
    assert (await asking.status(), await asking.balance()) == ("uncertain", 18_500)
    assert await count(asking, "payment_concerns", "reason = 'claim_denied' AND ended_at IS NULL") == 1
    assert await count(asking, "receipts") == 0


async def test_what_strangers_post_is_refused_and_what_cannot_be_read_is_kept(asking: Town) -> None:
    parent, receipt = await paid_unheard(asking)
    asking.mpesa.set_next_result("silent")
    await asking.say(parent, receipt)
    await answered(asking)
    result = asking.mpesa.operations.requests[0].result_url.removeprefix(asking.karo.web_url)

    for path in ("result", "timeout"):
        unknown = await asking.web.post(f"/daraja/{path}/{'0' * 32}", json={})
        assert unknown.status_code == 404
    unread = await asking.web.post(result, content=b"not json")

    assert unread.status_code == 200
    assert await count(asking, "inbox_items", "needs_person = 'unknown_shape'") == 1
    assert await asking.balance() == 18_500


async def test_without_an_operator_nothing_is_asked(place: Town) -> None:
    parent, receipt = await paid_unheard(place)

    await place.say(parent, receipt)
    await place.pass_time(20)

    assert place.mpesa.operations.requests == []
    assert await count(place, "claims", "needs_person = 'claimed'") == 1
    assert await count(place, "questions") == 0


async def test_a_wrong_password_is_not_tried_until_the_operator_is_locked(
    tmp_path: Path, database_url: str
) -> None:
    async with town(tmp_path, database_url, operator_password="another password") as place:
        parent, receipt = await paid_unheard(place)
        await place.say(parent, receipt)
        await answered(place)
        await place.pass_time(900, 300)

        assert len(place.mpesa.operations.requests) == 1
        assert not place.mpesa.operations.operator.locked
        assert await count(place, "questions", "state = 'given_up' AND outcome = 'operator_credential'") == 1
        assert await count(place, "claims", "needs_person = 'claimed'") == 1
        assert await place.balance() == 18_500
