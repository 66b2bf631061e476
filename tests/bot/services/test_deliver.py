"""The one sender when all goes well: paced, in order, the urgent first, each message once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import event

from bot.playground.faults import SlidingWindow
from bot.services.deliver import IN_FLIGHT
from bot.services.messages import DeliveryError
from bot.services.pace import INTERVAL_S
from storage import outbox_claim
from tests.bot.services.post_office import PostOffice, Try, post_office


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[PostOffice]:
    async with post_office(tmp_path) as stage:
        yield stage


def names(word: str, count: int) -> list[str]:
    return [f"{word}-{n}" for n in range(count)]


async def test_messages_leave_evenly_spaced_and_never_thirty_in_one_second(office: PostOffice) -> None:
    chats = await office.chats(120)
    ids = await office.put_all(list(zip(chats, names("fees", 120), strict=True)), "reminder")

    async with office.sending(120) as postman:
        pass

    times = [one.at for one in postman.tries]
    window = SlidingWindow(30)
    for at in times:
        window.enter(at)
    assert all(later - earlier == pytest.approx(INTERVAL_S, abs=1e-5) for earlier, later in pairwise(times))
    assert postman.texts == names("fees", 120)
    assert set(await office.states(*ids)) == {"sent"}


async def test_a_late_message_is_not_made_up_for_by_two_at_once(office: PostOffice) -> None:
    chats = await office.chats(12)
    await office.put_all(list(zip(chats, names("fees", 12), strict=True)), "reminder")
    stall = iter((0.0, 0.5, 0.0, 0.05, 0.2))
    office.postman.at_door = lambda _: office.time.advance(next(stall, 0.0))

    async with office.sending(12) as postman:
        pass

    gaps = [later.at - earlier.at for earlier, later in pairwise(postman.tries)]
    assert min(gaps) >= INTERVAL_S - 1e-5


async def test_replies_leave_before_receipts_before_reminders(office: PostOffice) -> None:
    one, two, three = await office.chats(3)
    await office.put(one, "fees", "reminder")
    await office.put(two, "paid", "receipt")
    await office.put(three, "menu", "reply")

    async with office.sending(3) as postman:
        pass

    assert postman.texts == ["menu", "paid", "fees"]


async def test_a_reply_waits_for_no_more_of_a_campaign_than_was_claimed_before_it(
    office: PostOffice,
) -> None:
    chats = await office.chats(61)
    await office.put_all(list(zip(chats, names("fees", 60), strict=False)), "reminder")

    async with office.sending(61) as postman:
        await postman.until_tried(10)
        await office.put(chats[-1], "menu")
        before = len(postman.tries)

    assert postman.texts.index("menu") - before <= IN_FLIGHT
    assert sorted(postman.texts) == sorted([*names("fees", 60), "menu"])


async def test_the_second_reminder_of_a_chat_waits_a_second_and_holds_nobody_up(office: PostOffice) -> None:
    family, other = await office.chats(2)
    await office.put_all([(family, "amina"), (family, "daudi"), (other, "baraka")], "reminder")

    async with office.sending(4) as postman:
        await postman.until_tried(2)
        await office.put(family, "menu")
        await postman.until_tried(3)
        await office.pass_time(1.2)

    assert postman.texts == ["amina", "baraka", "menu", "daudi"]
    assert postman.tries[3].at - postman.tries[2].at >= 1.0


async def test_one_chat_gets_its_messages_in_order_one_at_a_time(office: PostOffice) -> None:
    slow, other = await office.chats(2)
    office.postman.gate.clear()

    async with office.sending(6) as postman:
        await office.put_all([(slow, text) for text in names("step", 5)])
        await postman.until_tried(1)
        await office.put(other, "elsewhere")
        await postman.until_tried(2)
        assert postman.texts == ["step-0", "elsewhere"]
        postman.gate.set()

    assert postman.phones["chat1"] == names("step", 5)


async def test_what_is_queued_is_sent_at_once_and_not_at_the_next_look(office: PostOffice) -> None:
    chats = await office.chats(1)

    async with office.sending() as postman:
        for count, text in enumerate(names("menu", 20), 1):
            await office.put(chats[0], text)
            await postman.until_tried(count)

    assert postman.phones["chat1"] == names("menu", 20)


async def test_the_progress_line_is_one_message_that_edits_itself(office: PostOffice) -> None:
    (admin,) = await office.chats(1)

    async with office.sending(3) as postman:
        for count, text in enumerate(("asked", "half", "done"), 1):
            await office.put(admin, text, slot="campaign:1")
            await postman.until_tried(count)

    edits = [(one.text, one.edited) for one in postman.tries]
    assert edits == [("asked", None), ("half", "chat1/1"), ("done", "chat1/1")]


async def test_a_progress_line_that_cannot_be_edited_is_sent_anew_and_edited_from_then_on(
    office: PostOffice,
) -> None:
    (admin,) = await office.chats(1)
    office.postman.refuse("half", DeliveryError("message to edit not found"))

    async with office.sending(4) as postman:
        for text, tries in (("asked", 1), ("half", 3), ("done", 4)):
            await office.put(admin, text, slot="campaign:1")
            await postman.until_tried(tries)

    edits = [(one.text, one.edited) for one in postman.tries]
    assert edits == [("asked", None), ("half", "chat1/1"), ("half", None), ("done", "chat1/2")]


async def test_of_progress_that_waited_only_the_newest_is_told(office: PostOffice) -> None:
    (admin,) = await office.chats(1)
    for text in ("asked", "half", "done"):
        await office.put(admin, text, slot="campaign:1")

    async with office.sending(1) as postman:
        pass

    assert postman.phones["chat1"] == ["done"]


async def test_a_stop_amid_a_campaign_loses_nothing_and_doubles_nothing(office: PostOffice) -> None:
    chats = await office.chats(40)
    ids = await office.put_all(list(zip(chats, names("fees", 40), strict=True)), "reminder")
    for stop_after in (3, 11, 25):
        async with office.sending(stop_after):
            pass
        await office.deliver.recover()
    async with office.sending(40) as postman:
        pass

    assert sorted(postman.texts) == sorted(names("fees", 40))
    assert set(await office.states(*ids)) == {"sent"}


async def test_a_stop_gives_back_what_was_claimed_and_not_begun(office: PostOffice) -> None:
    chats = await office.chats(IN_FLIGHT)
    ids = await office.put_all(list(zip(chats, names("fees", IN_FLIGHT), strict=True)), "reminder")

    def stop(_: Try) -> None:
        office.deliver.stop()

    office.postman.at_door = stop
    async with office.sending(1) as postman:
        pass

    assert postman.texts == ["fees-0"]
    assert await office.states(*ids) == ["sent", *["waiting"] * (IN_FLIGHT - 1)]


async def test_a_stop_does_not_wait_for_ever_for_an_answer(office: PostOffice) -> None:
    parent, family = await office.chats(2)
    paid = await office.put(parent, "paid", "receipt")
    fees = await office.put(family, "fees", "reminder")
    office.postman.gate.clear()
    async with office.sending(2):
        pass
    office.postman.gate.set()

    await office.deliver.recover()
    async with office.sending(3) as postman:
        pass

    assert postman.texts == ["paid", "fees", "paid"]
    assert await office.states(paid, fees) == ["sent", "unknown"]


async def test_what_a_dead_process_had_claimed_is_taken_up_at_the_next_start(office: PostOffice) -> None:
    parent, family = await office.chats(2)
    paid = await office.put(parent, "paid", "receipt")
    fees = await office.put(family, "fees", "reminder")
    await office.database.write(lambda unit: outbox_claim.claim(unit, office.time.clock(), 60, 10))

    await office.deliver.recover()
    async with office.sending(1) as postman:
        pass

    assert postman.texts == ["paid"]
    assert await office.states(paid, fees) == ["sent", "unknown"]


async def test_who_has_nothing_to_send_leaves_the_one_writer_to_others(office: PostOffice) -> None:
    begun: list[object] = []
    event.listen(office.database.write_engine, "begin", begun.append)

    assert await office.deliver.send_due() == 0
    assert begun == []
    (chat,) = await office.chats(1)
    await office.put(chat, "fees")
    begun.clear()
    async with office.sending(1):
        pass
    assert begun != []
