"""M-PESA's own gaps between prompts, kept by whoever claims one: two parents, one phone, several processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.dialogue import facts
from bot.services.announce import Announcer
from bot.services.collect import Collect
from bot.services.settle import Settle
from daraja import DarajaClient
from daraja.rules import LOCKED_S, SAME_AMOUNT_S
from storage import payments
from storage.opening import open_database
from tests.bot.services.counter import SANDBOX, Counter, counter
from tests.bot.services.safaricom import PushAnswer, callback_body
from tests.databases import MASTER_KEY

PHONE = "254700000101"


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Counter]:
    database = open_database(database_url, [MASTER_KEY])
    try:
        async with counter(database) as opened:
            yield opened
            await opened.deliver()
            assert await opened.broken() == []
    finally:
        database.close()


def test_every_room_goes_by_the_same_gaps() -> None:
    assert facts.SAME_AMOUNT == payments.SAME_AMOUNT
    assert payments.SAME_AMOUNT.total_seconds() > SAME_AMOUNT_S
    assert payments.AFTER_LOCK.total_seconds() > LOCKED_S


async def test_what_waited_behind_a_prompt_of_the_same_amount_waits_on_and_says_until_when(
    shop: Counter,
) -> None:
    first = await shop.prompted(1500, phone=PHONE)
    second = await shop.queued(1500, family=shop.peter, phone=PHONE)
    await shop.collect.push(second)
    assert "may still have another prompt open" in await shop.heard(shop.peter.chat)
    shop.clock.advance(20)
    seen = shop.mpesa.last()
    await shop.settle.callback(seen.token, callback_body(seen.checkout, "1032"))
    await shop.tick(2)
    told = await shop.heard(shop.peter.chat)
    assert "M-PESA does not take this prompt yet" in told
    assert "at 12:02, in 1 min 43 s" in told
    await shop.tick(102)
    assert await shop.status(second) == "queued"
    await shop.tick(1)
    assert await shop.status(second) == "requested"
    gap = (await shop.payment(second)).pushed_at - (await shop.payment(first)).pushed_at  # type: ignore[operator]
    assert gap == payments.SAME_AMOUNT


async def test_after_unable_to_lock_nothing_goes_to_that_phone_for_a_minute(shop: Counter) -> None:
    shop.mpesa.push_answers[1500] = PushAnswer("error", "500.001.1001", "Unable to lock subscriber, busy")
    await shop.prompted(1500, phone=PHONE)
    other = await shop.queued(700, family=shop.peter, phone=PHONE)
    await shop.collect.push(other)
    assert await shop.status(other) == "queued"
    assert "in 1 min 5 s" in await shop.heard(shop.peter.chat)
    await shop.tick(64)
    assert await shop.status(other) == "queued"
    await shop.tick(1)
    assert await shop.status(other) == "requested"


async def test_a_push_that_was_never_read_delays_nothing(shop: Counter) -> None:
    shop.mpesa.push_answers[1500] = PushAnswer("never")
    await shop.prompted(1500, phone=PHONE)
    shop.mpesa.push_answers.clear()
    assert await shop.status(await shop.prompted(1500, phone=PHONE)) == "requested"


async def test_two_processes_at_once_send_one_and_put_the_other_off(shop: Counter) -> None:
    announce = Announcer(shop.school, shop.clock)
    settle = Settle(shop.database, shop.school, shop.clock, announce)
    shop.mpesa.push_answers[1500] = PushAnswer("error", "500.003.02", "Spike Arrest Violation")
    ids = [await shop.queued(1500, family=family, phone=PHONE) for family in (shop.grace, shop.peter)]
    async with DarajaClient(SANDBOX, transport=shop.mpesa, clock=shop.clock) as daraja:
        beside = Collect(
            shop.database, daraja, shop.school, shop.clock, announce, settle, new_token=lambda: "cd" * 16
        )
        pushing = [worker.push(one) for worker, one in zip((shop.collect, beside), ids, strict=True)]
        await asyncio.gather(*pushing)
        await asyncio.gather(shop.collect.tick(), beside.tick())
    assert sorted([await shop.status(one) for one in ids]) == ["failed", "queued"]
    assert shop.mpesa.posts[1500] == 1


async def test_a_pace_is_waited_for_before_the_claim(shop: Counter) -> None:
    """Behind a claim it would outlive its lease, and ring when nobody expects it any more."""
    announce = Announcer(shop.school, shop.clock)
    asked, may = asyncio.Event(), asyncio.Event()

    async def turn() -> None:
        asked.set()
        await may.wait()

    async with DarajaClient(SANDBOX, transport=shop.mpesa, clock=shop.clock) as daraja:
        paced = Collect(
            shop.database,
            daraja,
            shop.school,
            shop.clock,
            announce,
            Settle(shop.database, shop.school, shop.clock, announce),
            new_token=lambda: "cd" * 16,
            turn=turn,
        )
        one = await shop.queued(1500)
        pushing = asyncio.create_task(paced.push(one))
        await asked.wait()
        await paced.push(one)  # it waits for its turn already: not a second one
        assert await shop.status(one) == "queued"
        may.set()
        await pushing
    assert await shop.status(one) == "requested"


async def test_a_quarter_of_a_million_is_the_most_that_leaves(shop: Counter) -> None:
    assert await shop.status(await shop.prompted(250_000)) == "requested"
    too_much = await shop.prompted(250_001, family=shop.peter)
    assert await shop.status(too_much) == "failed"
    assert len(shop.mpesa.pushes) == 1
