"""Nobody reaches what is not theirs, whatever their phone sends and whatever was theirs a moment ago."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from bot.dialogue.events import Command, Tapped, Typed
from bot.dialogue.keys import PAYMENT_VERBS
from bot.services.imports import import_students
from storage import people
from tests.bot.services.chatting import PETER, Chatting, count
from tests.bot.services.counter import Counter


@pytest.mark.parametrize("verb", sorted(PAYMENT_VERBS))
@pytest.mark.parametrize("from_a_notice", [True, False])
async def test_somebody_else_s_payment_is_not_found(place: Counter, verb: str, from_a_notice: bool) -> None:
    payment_id = await place.queued(1234)
    before = await place.payment(payment_id)
    peter = Chatting(place, PETER)
    await peter.does(Command("payments"))
    assert peter.last is not None

    sent = await peter.does(Tapped(f"{verb}:{payment_id}", None if from_a_notice else peter.last.version))

    said = " ".join(told.text for told in sent)
    assert "1,234" not in said
    assert "Amina" not in said
    assert {told.chat_id for told in sent} == {place.peter.chat.id}
    assert (await place.payment(payment_id), await count(place, "payments")) == (before, 1)
    assert all(not (taken.checks or taken.pushes) for taken in place.taken)


async def test_somebody_else_s_payment_cannot_be_claimed_by_a_code(place: Counter) -> None:
    await place.queued(1234)
    peter = Chatting(place, PETER)
    await peter.does(Tapped("code:1", None))

    await peter.does(Typed("UKB7RT61SV"))

    row = await place.database.read(
        lambda unit: unit.core.execute(text("SELECT chat_id, payment_id FROM claims")).one()
    )
    assert tuple(row) == (place.peter.chat.id, None)


@pytest.mark.parametrize("verb", ["payfor", "child"])
async def test_another_guardian_s_child_cannot_be_paid_for(place: Counter, verb: str) -> None:
    peter = Chatting(place, PETER)
    await peter.does(Command("pay"))

    sent = await peter.does(Tapped(f"{verb}:{place.grace.child.id}", None))
    sent += await peter.taps(f"{verb}:{place.grace.child.id}")
    sent += await peter.does(Typed("1500"))
    sent += await peter.taps("own")
    sent += await peter.taps("confirm")

    assert len(sent) == 5
    assert "Amina" not in "".join(told.text for told in sent)
    paid_for = await place.database.read(
        lambda unit: set(unit.core.execute(text("SELECT student_id FROM payments")).scalars())
    )
    assert paid_for == {place.peter.child.id}


async def test_a_reminder_s_button_leads_to_the_own_child(place: Counter, grace: Chatting) -> None:
    (told,) = await grace.does(Tapped(f"payfor:{place.grace.children[1].id}", None))

    assert "Daudi" in told.text
    assert "confirm" in told.keys


async def entrust_amina_to_otto(place: Counter) -> None:
    """The school's new list: Daudi is still Grace's, Amina is not."""
    amina, daudi = place.grace.children
    header = "admission_number,student_name,class_name,guardian_name,guardian_phone,opening_balance"
    rows = (
        f"{amina.admission_number},Amina,Grade 4,Otto,0722000111,",
        f"{daudi.admission_number},Daudi,Grade 4,Grace,0700000101,",
    )
    done = await import_students(
        place.database,
        place.school.id,
        "\n".join((header, *rows)).encode(),
        file_name="students.csv",
        dry_run=False,
        now=place.clock(),
    )
    assert done.problems == ()


async def test_a_guardian_whom_an_import_removed_loses_the_child_in_the_middle_of_paying(
    place: Counter, grace: Chatting
) -> None:
    await grace.chooses_amina()
    await entrust_amina_to_otto(place)

    (told,) = await grace.taps("confirm")

    assert "no longer on your list" in told.text
    assert "Amina" not in told.text
    assert await count(place, "payments") == 0


async def test_and_in_a_payment_that_is_under_way_the_child_is_not_named_any_more(
    place: Counter, grace: Chatting
) -> None:
    payment_id = await place.prompted()
    await place.deliver()
    await entrust_amina_to_otto(place)

    (told,) = await grace.does(Tapped(f"open:{payment_id}", None))
    assert "Amina" not in told.text
    for command in ("balance", "payments", "pay"):
        assert "Amina" not in "".join(told.text for told in await grace.does(Command(command)))


async def test_a_chat_that_was_linked_to_somebody_else_keeps_nothing_of_the_old_one(
    place: Counter, grace: Chatting
) -> None:
    await grace.chooses_amina()
    await place.database.write(
        lambda unit: people.link(
            unit, chat_id=place.grace.chat.id, guardian_id=place.peter.guardian.id, now=place.clock()
        )
    )

    (told,) = await grace.taps("confirm")

    assert "Amina" not in told.text
    assert await count(place, "payments") == 0
