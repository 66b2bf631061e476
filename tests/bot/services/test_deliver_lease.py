"""The one sender among several processes: who died is replaced, who was paused does no harm, who stops hands over."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.services.deliver import IN_FLIGHT, LEASE, Deliver
from bot.services.lease import LeaseKeeper, Tenure
from storage import leases, outbox_claim
from storage.leases import Held
from storage.unit import Unit
from tests.bot.services.children import child
from tests.bot.services.leasing import SOON_S, keeping
from tests.bot.services.post_office import PostOffice, Try, post_office
from tests.bot.services.process import utc_now
from tests.bot.services.test_deliver import names
from tests.builders import NOON
from tests.databases import drop_postgres, fresh_postgres


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncIterator[PostOffice]:
    async with post_office(tmp_path, database_url) as stage:
        yield stage


async def take(office: PostOffice, holder: str, lease_s: float = 3600.0) -> Held:
    """The sender's lease, by force."""

    def taken(unit: Unit) -> Held | None:
        return leases.take(unit, 1, LEASE, holder, now=utc_now(), lease_s=lease_s, alone=True)

    held = await office.database.write(taken)
    assert held is not None
    return held


async def believing(office: PostOffice, holder: str) -> Tenure:
    """A tenure whose process does not notice how time passes: it was paused."""
    held = await take(office, holder)
    return Tenure(1, LEASE, holder, held.fence, utc_now, office.time.monotonic, deadline=math.inf)


def keeper(office: PostOffice, holder: str) -> LeaseKeeper:
    return LeaseKeeper(
        office.database, 1, LEASE, holder, clock=utc_now, lease_s=3600.0, renew_s=SOON_S, try_s=SOON_S
    )


async def claim_all(office: PostOffice) -> None:
    """As a sender that dies before it sends anything."""
    await office.database.write(lambda unit: outbox_claim.claim(unit, office.time.clock(), 60, 10))


async def gone(deliver: Deliver, running: asyncio.Task[None]) -> None:
    deliver.stop()
    async with asyncio.timeout(20):
        await running


async def test_a_new_sender_takes_up_at_once_what_a_dead_one_had_claimed(office: PostOffice) -> None:
    parent, family = await office.chats(2)
    paid = await office.put(parent, "paid", "receipt")
    fees = await office.put(family, "fees", "reminder")
    await take(office, "dead", lease_s=0.3)
    await claim_all(office)

    async with keeping(keeper(office, "next"), office.deliver.run):
        await office.postman.until_tried(1)
        office.deliver.stop()

    assert office.postman.texts == ["paid"]
    assert await office.states(paid, fees) == ["sent", "unknown"]


async def test_a_sender_that_was_paused_claims_nothing_more(office: PostOffice) -> None:
    parent, other = await office.chats(2)
    paused, tenure = office.deliver, await believing(office, "paused")
    await office.put(parent, "before")
    running = asyncio.create_task(paused.run(tenure))
    await office.postman.until_tried(1)

    await take(office, "next")
    menu = await office.put(other, "after")
    assert await paused.send_due(tenure) == 0
    await gone(paused, running)

    assert office.postman.texts == ["before"]
    assert await office.states(menu) == ["waiting"]


async def test_a_sender_that_was_paused_takes_nothing_back_from_its_successor(office: PostOffice) -> None:
    (family,) = await office.chats(1)
    paused, tenure = office.deliver, await believing(office, "paused")
    await take(office, "next")
    fees = await office.put(family, "fees", "reminder")
    await claim_all(office)

    running = asyncio.create_task(paused.run(tenure))
    assert await paused.send_due(tenure) == 0
    await gone(paused, running)

    assert await office.states(fees) == ["leased"]


async def test_what_a_sender_had_claimed_when_its_lease_ended_it_does_not_send(office: PostOffice) -> None:
    chats = await office.chats(IN_FLIGHT)
    ids = await office.put_all(list(zip(chats, names("fees", IN_FLIGHT), strict=True)), "reminder")
    tenure = await believing(office, "slow")

    def lose(_: Try) -> None:
        tenure.end()

    office.postman.at_door = lose
    running = asyncio.create_task(office.deliver.run(tenure))
    await office.postman.until_tried(1)
    await gone(office.deliver, running)

    assert office.postman.texts == ["fees-0"]
    assert await office.states(*ids) == ["sent", *["waiting"] * (IN_FLIGHT - 1)]


async def test_what_was_on_its_way_when_the_lease_was_lost_is_written_down(office: PostOffice) -> None:
    (parent,) = await office.chats(1)
    office.postman.gate.clear()
    paid = await office.put(parent, "paid", "receipt")

    running = asyncio.create_task(office.deliver.run(await believing(office, "one")))
    await office.postman.until_tried(1)
    await take(office, "thief")
    running.cancel()  # as the keeper does
    for _ in range(20):  # it has heard
        await asyncio.sleep(0)
    office.postman.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await running

    await office.database.write(outbox_claim.take_back)
    assert await office.states(paid) == ["sent"]


async def test_senders_that_follow_each_other_send_everything_once(office: PostOffice) -> None:
    chats = await office.chats(60)
    ids = await office.put_all(list(zip(chats, names("fees", 60), strict=True)), "reminder")

    for number, stop_after in enumerate((7, 23, 41, 60)):
        async with keeping(keeper(office, f"sender {number}"), office.deliver.run):
            await office.postman.until_tried(stop_after)
            office.deliver.stop()
        office.new_sender()

    assert sorted(office.postman.texts) == sorted(names("fees", 60))
    assert set(await office.states(*ids)) == {"sent"}


async def test_of_two_senders_one_sends_and_the_other_goes_on_when_it_stops(office: PostOffice) -> None:
    chats = await office.chats(40)
    ids = await office.put_all(list(zip(chats, names("fees", 40), strict=True)), "reminder")
    one, two = office.deliver, office.new_sender()

    async with keeping(keeper(office, "two"), two.run):
        async with keeping(keeper(office, "one"), one.run):
            await office.postman.until_tried(10)
            one.stop()
        await office.postman.until_tried(40)
        two.stop()

    assert sorted(office.postman.texts) == sorted(names("fees", 40))
    assert set(await office.states(*ids)) == {"sent"}


async def test_a_sender_killed_amid_its_messages_is_replaced_and_receipts_arrive(tmp_path: Path) -> None:
    url = fresh_postgres(tmp_path)
    async with post_office(tmp_path, url) as office:
        parent, family = await office.chats(2)
        due = {"send_at": NOON - timedelta(days=9999)}  # by any clock
        paid = await office.put(parent, "paid", "receipt", **due)
        fees = await office.put(family, "fees", "reminder", **due)
        async with child("send", url, "1.0") as killed:
            await killed.tell("go")
            assert sorted([await killed.says(), await killed.says()]) == ["chat1 paid", "chat2 fees"]
            assert await office.states(paid, fees) == ["leased", "leased"]
            await killed.kill()
        async with keeping(keeper(office, "next"), office.deliver.run):
            await office.postman.until_tried(1)
            office.deliver.stop()
        assert office.postman.texts == ["paid"]
        assert await office.states(paid, fees) == ["sent", "unknown"]
    drop_postgres(url)
