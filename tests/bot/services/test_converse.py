"""Every update takes effect once: repeated, out of order, or poison."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from bot.dialogue.events import Command, Tapped, Typed, Unreadable
from bot.services.incoming import Incoming
from storage.unit import Unit
from tests.bot.services.chatting import GRACE, Chatting, count
from tests.bot.services.counter import Counter


async def test_the_same_update_twice_takes_effect_once(place: Counter, grace: Chatting) -> None:
    await grace.chooses_amina()
    version = grace.last.version if grace.last else None

    first = await grace.does(Tapped("confirm", version), 77)
    again = await grace.does(Tapped("confirm", version), 77)

    assert (len(first), again) == (1, [])
    assert await count(place, "payments") == 1
    assert [taken.pushes for taken in place.taken if taken.pushes] == [(1,)]


async def test_two_taps_on_one_button_are_two_updates_and_one_payment(
    place: Counter, grace: Chatting
) -> None:
    await grace.chooses_amina()
    version = grace.last.version if grace.last else None

    await grace.does(Tapped("confirm", version), 77)
    (told,) = await grace.does(Tapped("confirm", version), 78)

    assert "older message" in told.text
    assert await count(place, "payments") == 1


async def test_a_later_update_may_come_before_an_earlier_one(grace: Chatting) -> None:
    (second,) = await grace.does(Command("balance"), 42)
    (first,) = await grace.does(Command("help"), 41)

    assert "Amina" in second.text
    assert "Amina" not in first.text
    assert await grace.does(Command("help"), 42) == []
    assert await grace.does(Command("balance"), 41) == []


async def test_another_channel_counts_its_updates_for_itself(place: Counter, grace: Chatting) -> None:
    await grace.does(Command("balance"), 42)

    await place.converse.handle(Incoming("sms", "0700000101", "42", Command("help")))

    assert len(await place.deliver()) == 1


async def break_sessions(place: Counter) -> None:
    """From now on no conversation can be saved."""

    def break_them(unit: Unit) -> None:
        for when in ("INSERT", "UPDATE"):
            unit.core.execute(
                text(
                    f"CREATE TRIGGER broken_{when} BEFORE {when} ON dialogue_sessions "
                    "BEGIN SELECT RAISE(ABORT, 'this row is poison'); END"
                )
            )

    await place.database.write(break_them)


async def mend_sessions(place: Counter) -> None:
    def mend(unit: Unit) -> None:
        for when in ("INSERT", "UPDATE"):
            unit.core.execute(text(f"DROP TRIGGER broken_{when}"))

    await place.database.write(mend)


async def test_an_update_that_cannot_be_taken_leaves_nothing_and_may_come_again(
    place: Counter, grace: Chatting
) -> None:
    await grace.chooses_amina()
    started = len(place.taken)
    await break_sessions(place)
    with pytest.raises(DatabaseError, match="poison"):
        await grace.taps("confirm", 77)

    assert (await count(place, "payments"), len(place.taken)) == (0, started)
    assert await place.deliver() == []
    await mend_sessions(place)
    await grace.taps("confirm", 77)
    assert await count(place, "payments") == 1


async def test_a_poison_update_is_apologised_for_once_and_the_next_one_goes_on(
    place: Counter, grace: Chatting
) -> None:
    await grace.chooses_amina()
    await break_sessions(place)
    poison = Incoming("telegram", GRACE, "77", Typed("menu"))
    for _ in range(3):
        with pytest.raises(DatabaseError):
            await place.converse.handle(poison)

    await place.converse.apologise(poison)
    await place.converse.apologise(poison)

    (told,) = await place.deliver()
    assert "Something went wrong" in told.text
    await mend_sessions(place)
    await place.converse.handle(poison)
    assert await place.deliver() == []
    (told,) = await grace.taps("confirm", 78)
    assert await count(place, "payments") == 1


async def test_an_apology_never_talks_over_an_update_that_was_taken_after_all(
    place: Counter, grace: Chatting
) -> None:
    await grace.does(Command("balance"), 77)

    await place.converse.apologise(Incoming("telegram", GRACE, "77", Command("balance")))

    assert await place.deliver() == []


async def test_who_blocked_the_bot_is_sent_nothing_until_they_come_back(
    place: Counter, grace: Chatting
) -> None:
    await place.prompted()
    await place.converse.membership("telegram", GRACE, "m1", blocked=True)
    assert await place.deliver() == []
    await place.converse.membership("telegram", GRACE, "m2", blocked=False)

    (told,) = await grace.does(Command("balance"))

    assert "Amina" in told.text


async def test_who_writes_has_not_blocked_the_bot_whatever_was_said_before(
    place: Counter, grace: Chatting
) -> None:
    await place.converse.membership("telegram", GRACE, "m3", blocked=True)

    assert len(await grace.does(Unreadable())) == 1


async def test_a_stranger_who_blocks_the_bot_breaks_nothing(place: Counter) -> None:
    await place.converse.membership("telegram", "4711", "m4", blocked=True)

    (told,) = await Chatting(place, "4711").does(Command("start"))

    assert "language" in told.text.lower()
