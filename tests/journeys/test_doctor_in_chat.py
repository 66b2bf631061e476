"""An admin asks the doctor from the phone; nobody else can."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daraja.simulator import Cause
from storage import leases
from storage.unit import Unit
from tests.journeys.town import Town, town


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """On a file: what this journey asks of a database is asked of both engines elsewhere."""
    async with town(tmp_path, "") as stage:
        yield stage


async def test_an_admin_hears_that_all_is_well(place: Town) -> None:
    admin = await place.staff()
    assert "examining" in (await place.say(admin, "/doctor")).text
    verdict = await admin.wait_for("nothing wrong")
    assert verdict.buttons == ()
    assert await place.payments() == []


async def test_an_admin_hears_the_cause_and_what_to_do(place: Town) -> None:
    place.mpesa.play(Cause.STK_PRODUCT_MISSING)
    admin = await place.staff()
    await place.say(admin, "/doctor")
    verdict = await admin.wait_for("go-live is not finished")
    assert "API support" in verdict.text
    assert place.karo.settings.daraja_consumer_key.get_secret_value() not in verdict.text


async def test_an_examination_goes_on_with_the_token_that_parents_pay_with(place: Town) -> None:
    place.mpesa.play(Cause.MINT_INVALIDATES)
    parent, admin = await place.parent(), await place.staff()
    await place.pay(parent)
    await parent.wait_for("Paid")
    await place.say(admin, "/doctor")
    await admin.wait_for("nothing wrong")
    place.clock.advance(130)
    await place.pay(parent, "1600")
    await parent.wait_for("Paid")
    assert [seen.answered for seen in place.mpesa.pushes if seen.amount == "1600"] == ["accepted"]


@pytest.mark.parametrize("role", ["staff", "parent"])
async def test_to_others_it_is_a_command_that_nobody_knows(place: Town, role: str) -> None:
    person = await place.staff(role="staff") if role == "staff" else await place.parent()
    unknown = await place.say(person, "/nothinglikethis")
    answer = await place.say(person, "/doctor")
    assert answer.text == unknown.text
    assert place.mpesa.pushes == []


async def test_a_second_examination_waits_for_the_first(place: Town) -> None:
    def held_elsewhere(unit: Unit) -> None:
        assert leases.take(
            unit, place.karo.school.id, "doctor", "another process", now=place.clock(), lease_s=300
        )

    await place.database.write(held_elsewhere)
    admin = await place.staff()
    await place.say(admin, "/doctor")
    await admin.wait_for("under way already")


async def test_the_next_one_may_ask_once_it_is_over(place: Town) -> None:
    admin = await place.staff()
    for _ in range(2):
        await place.say(admin, "/doctor")
        await admin.wait_for("nothing wrong")
    verdicts = [message for message in admin.messages if "nothing wrong" in message.text]
    assert len(verdicts) == 2
