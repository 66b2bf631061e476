"""What two processes on one PostgreSQL do to one payment, child or chat in the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.services.announce import Announcer
from bot.services.collect import Collect
from bot.services.converse import Converse
from bot.services.reconcile import Reconcile
from bot.services.settle import Settle
from daraja import DarajaClient
from storage import chats, outbox, payments
from storage.database import Database
from storage.unit import Unit
from tests.bot.services.chatting import GRACE
from tests.bot.services.counter import HOUR, SANDBOX, Counter, counter
from tests.bot.services.safaricom import QueryAnswer, callback_body
from tests.storage.pausing import hindered, stopped_before, two_processes
from tests.storage.writing import Gate


@dataclass
class Beside:
    """A counter, and another process's verbs on the same database, with the same M-PESA."""

    place: Counter
    database: Database
    settle: Settle
    collect: Collect
    reconcile: Reconcile
    converse: Converse

    async def claims(self, payment_id: int, *, earlier_s: float = 0) -> bool:
        """The other process takes the prompt to send it; it saw the clock so much earlier."""
        now = self.place.clock() - timedelta(seconds=earlier_s)
        announce = Announcer(self.place.school, self.place.clock)

        def claim(unit: Unit) -> bool:
            claimed = payments.claim_push(
                unit, payment_id, token="ab" * 16, now=now, lease_s=150, announce=announce
            )
            return claimed is not None

        return await self.database.write(claim)


@pytest.fixture
async def beside(tmp_path: Path) -> AsyncIterator[Beside]:
    async with two_processes(tmp_path) as (database, other), counter(database) as place:
        announce = Announcer(place.school, place.clock)
        settle = Settle(other, place.school, place.clock, announce)
        async with DarajaClient(SANDBOX, transport=place.mpesa, clock=place.clock) as daraja:
            yield Beside(
                place,
                other,
                settle,
                Collect(
                    other, daraja, place.school, place.clock, announce, settle, new_token=lambda: "cd" * 16
                ),
                Reconcile(other, daraja, place.clock, announce, settle),
                Converse(other, place.school, place.clock, committed=lambda _taken: None),
            )
        await place.deliver()
        assert await place.broken() == []


async def test_a_prompt_that_leaves_in_the_last_moment_is_not_called_off(beside: Beside) -> None:
    place = beside.place
    payment_id = await place.queued()
    place.clock.advance(300.1)
    _, claimed = await stopped_before(
        place.database, "FROM payments", place.collect.tick(), beside.claims(payment_id, earlier_s=0.2)
    )
    assert claimed
    payment = await place.payment(payment_id)
    assert payment.status == "sending"
    assert payment.reached_mpesa
    assert payment.holds_phone is not None


async def test_another_try_that_leaves_just_now_is_not_called_off_by_late_money(beside: Beside) -> None:
    """Grace's prompt was for Peter's phone, and so is the one that Peter asks for."""
    place = beside.place
    child = place.grace.child
    first = await place.prompted(phone=place.peter.phone)
    sent = place.mpesa.last()
    await place.settle.callback(sent.token, callback_body(sent.checkout, "1032"))
    place.clock.advance(126)  # M-PESA takes the same amount again
    second = await place.queued(family=place.peter, child=child, phone=place.peter.phone)

    body = callback_body(sent.checkout, number="UKB7RT61SV", amount=1500.0)
    await stopped_before(
        place.database,
        "UPDATE payments",
        place.settle.callback(sent.token, body),
        beside.claims(second),
        nth=2,
    )
    assert await place.status(first) == "paid"
    payment = await place.payment(second)
    assert payment.status == "sending"
    assert payment.reached_mpesa


async def test_a_child_paid_for_twice_in_the_same_moment_is_noticed(beside: Beside) -> None:
    place = beside.place
    child = place.grace.child
    ids, bodies = [], []
    for number, family in enumerate((place.grace, place.peter)):
        ids.append(await place.prompted(family=family, child=child))
        sent = place.mpesa.last()
        bodies.append((sent.token, callback_body(sent.checkout, number=f"UKB7RT61S{number}", amount=1500.0)))
    await stopped_before(
        place.database,
        "UPDATE inbox_items",
        place.settle.callback(*bodies[0]),
        beside.settle.callback(*bodies[1]),
    )
    assert [await place.status(payment_id) for payment_id in ids] == ["paid", "paid"]
    assert sum(["paid_twice" in await place.concerns(payment_id) for payment_id in ids]) == 1


@pytest.mark.parametrize("what", ["a parent asks", "M-PESA gave no answer"])
async def test_a_payment_settled_meanwhile_is_asked_about_no_more(beside: Beside, what: str) -> None:
    place = beside.place
    payment_id = await place.prompted()
    sent = place.mpesa.last()
    body = callback_body(sent.checkout, number="UKB7RT61SV", amount=1500.0)
    place.clock.advance(31)
    if what == "M-PESA gave no answer":
        place.mpesa.query_answers[sent.checkout] = QueryAnswer("lost")
        asking, nth = place.reconcile.tick(), 2
    else:
        asking, nth = place.reconcile.check(payment_id), 1
    await stopped_before(
        place.database, "UPDATE payments", asking, beside.settle.callback(sent.token, body), nth=nth
    )
    payment = await place.payment(payment_id)
    assert payment.status == "paid"
    assert payment.check_at is None


async def test_an_outcome_is_not_lost_on_a_person_who_comes_back_just_now(beside: Beside) -> None:
    place = beside.place
    await place.prompted()
    await place.deliver()
    await place.converse.membership("telegram", GRACE, "m1", blocked=True)
    sent = place.mpesa.last()
    await place.settle.callback(sent.token, callback_body(sent.checkout, number="UKB7RT61SV", amount=1500.0))

    def claim(unit: Unit) -> int:
        return len(outbox.claim(unit, place.clock(), 60, 10))

    await stopped_before(
        place.database,
        "FROM outbox_messages JOIN chats",
        place.database.write(claim),
        beside.converse.membership("telegram", GRACE, "m2", blocked=False),
    )
    place.clock.advance(61)
    assert "Paid" in await place.heard(place.grace.chat)


async def test_giving_up_after_two_days_without_an_answer_survives_another_process_in_the_way(
    beside: Beside,
) -> None:
    place, gate = beside.place, Gate()
    payment_id = await place.prompted()
    place.mpesa.query_answers[place.mpesa.last().checkout] = QueryAnswer("lost")
    await place.tick(31)
    place.clock.advance(49 * HOUR)
    holding = asyncio.create_task(
        beside.database.write(lambda unit: (chats.lock_chat(unit, place.grace.chat.id), gate(unit))[1])
    )
    await asyncio.to_thread(gate.entered.wait, 10)
    asking = asyncio.create_task(place.reconcile.tick())
    await hindered(place.database, asking)
    gate.opened.set()
    await asyncio.gather(holding, asking)
    assert await place.status(payment_id) == "expired"


async def test_a_reader_that_stood_still_does_not_block_a_person_who_is_back(beside: Beside) -> None:
    place = beside.place
    for update_id, blocked in (("10", True), ("11", False)):
        await beside.converse.membership("telegram", GRACE, update_id, blocked)
    await place.converse.membership("telegram", GRACE, "10", True)
    await place.prompted()
    sent = place.mpesa.last()
    await place.settle.callback(sent.token, callback_body(sent.checkout, number="UKB7RT61SV", amount=1500.0))
    assert "Paid" in await place.heard(place.grace.chat)
