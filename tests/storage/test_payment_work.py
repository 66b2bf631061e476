"""Payments as work: due rows, claims that one alone can win, the phone that is held."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from storage import payments
from storage.database import Database, Unit
from storage.payment_state import PaymentStatus
from storage.payments import Claimed, Payment
from tests.builders import (
    NOON,
    PHONE,
    Family,
    a_guardian_with_children,
    a_payment,
    a_payment_in,
    a_school,
    a_sent_payment,
    announce,
)
from tests.storage.conftest import OpenAgain

S = PaymentStatus


def after(**span: float) -> datetime:
    """A while after noon."""
    return NOON + timedelta(**span)


def a_family(unit: Unit) -> Family:
    """The family that pays."""
    return a_guardian_with_children(unit, a_school(unit), phone=PHONE)


def claim(unit: Unit, payment_id: int, *, now: datetime = NOON, token: str = "") -> Claimed | None:
    """A claim with a lease of a minute."""
    token = token or f"token of {payment_id}"
    return payments.claim_push(unit, payment_id, token=token, now=now, lease_s=60, announce=announce)


async def test_one_of_many_claims_wins(database: Database, open_again: OpenAgain) -> None:
    payment_id = await database.write(lambda unit: a_payment(unit, a_family(unit)).id)
    others = [database, open_again(), open_again()]

    def attempt(number: int) -> asyncio.Future[bool]:
        token = f"token {number}"
        return asyncio.ensure_future(
            others[number % 3].write(lambda unit: claim(unit, payment_id, token=token) is not None)
        )

    won = await asyncio.gather(*(attempt(number) for number in range(30)))
    assert won.count(True) == 1
    winner = f"token {won.index(True)}"
    found = await database.read(lambda unit: payments.by_token(unit, winner))
    assert found is not None
    assert (found.id, found.status) == (payment_id, S.SENDING)
    assert await database.read(lambda unit: payments.by_token(unit, "token 404")) is None


async def test_a_claim_starts_both_clocks_and_tells_all_that_the_push_needs(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment = a_payment(unit, a_family(unit))
        claimed = claim(unit, payment.id)
        assert claimed is not None
        assert (claimed.amount_kes, claimed.phone, claimed.token) == (1500, PHONE, f"token of {payment.id}")
        assert PHONE not in repr(claimed)
        assert "token of" not in repr(claimed)
        sending = payments.get(unit, payment.id)
        assert sending is not None
        assert sending.pushed_at == NOON
        assert sending.lease_until == after(seconds=60)
        assert sending.blocked_until == after(minutes=5)
        assert sending.check_at == after(seconds=30)
        assert sending.reached_mpesa
        assert sending.holds_phone is not None

    await database.write(look)


async def test_a_phone_with_an_open_prompt_gets_no_second_one(database: Database) -> None:
    def look(unit: Unit) -> None:
        family = a_family(unit)
        first, second = a_payment(unit, family), a_payment(unit, family, amount_cents=700_00)
        assert claim(unit, first.id) is not None
        assert claim(unit, second.id) is None
        waiting = payments.get(unit, second.id)
        assert waiting is not None
        assert (waiting.status, waiting.pushed_at, waiting.token_hash) == (S.QUEUED, None, None)
        assert [row.event for row in payments.events_of(unit, second.id)] == ["created"]
        payments.move(unit, first.id, S.CANCELLED, now=NOON, announce=announce)
        assert claim(unit, second.id) is not None

    await database.write(look)


async def test_the_same_amount_is_not_claimed_again_before_m_pesa_takes_it(database: Database) -> None:
    def look(unit: Unit) -> None:
        family = a_family(unit)
        first, second = a_payment(unit, family), a_payment(unit, family)
        assert claim(unit, first.id) is not None
        assert (
            payments.put_off(unit, second.id, NOON) is None
        )  # an open prompt is in the way: that is another story
        payments.move(unit, first.id, S.CANCELLED, now=NOON, announce=announce)
        assert claim(unit, second.id) is None
        assert [row.event for row in payments.events_of(unit, second.id)] == ["created"]
        waits = payments.put_off(unit, second.id, NOON)
        assert waits is not None
        assert waits.push_at == NOON + payments.SAME_AMOUNT
        assert payments.put_off(unit, second.id, NOON) is None
        assert claim(unit, second.id, now=waits.push_at) is not None

    await database.write(look)


async def test_when_the_block_is_over_the_phone_is_free(database: Database) -> None:
    def look(unit: Unit) -> None:
        family = a_family(unit)
        first = a_sent_payment(unit, family)
        second = a_payment(unit, family, push_at=after(minutes=4))
        assert payments.blocks_over(unit, after(minutes=4, seconds=59)) == []
        assert payments.release_phone(unit, first.id, after(minutes=4, seconds=59)) is None
        assert claim(unit, second.id, now=after(minutes=5)) is None
        assert payments.blocks_over(unit, after(minutes=5)) == [first.id]
        freed = payments.release_phone(unit, first.id, after(minutes=5))
        assert freed is not None
        assert (freed.status, freed.holds_phone) == (S.REQUESTED, None)
        assert payments.release_phone(unit, first.id, after(minutes=5)) is None
        assert claim(unit, second.id, now=after(minutes=5)) is not None

    await database.write(look)


async def test_no_prompt_rings_early_or_late(database: Database) -> None:
    def look(unit: Unit) -> None:
        family = a_family(unit)
        payment = a_payment(unit, family, push_at=after(seconds=90))
        assert payments.due_pushes(unit, after(seconds=89)) == []
        assert claim(unit, payment.id, now=after(seconds=89)) is None
        assert payments.due_pushes(unit, after(seconds=90)) == [payment.id]
        assert payments.due_pushes(unit, after(seconds=90), school_id=404) == []
        last = after(seconds=90, minutes=5)
        assert payments.overdue_queued(unit, last) == []
        late = last + timedelta(seconds=1)
        assert payments.due_pushes(unit, late) == []
        assert payments.overdue_queued(unit, late) == [payment.id]
        assert claim(unit, payment.id, now=late) is None

    await database.write(look)


async def test_the_longest_due_is_pushed_first(database: Database) -> None:
    def look(unit: Unit) -> None:
        family = a_family(unit)
        ids = [a_payment(unit, family, push_at=after(seconds=-n)).id for n in (1, 3, 2)]
        assert payments.due_pushes(unit, NOON) == [ids[1], ids[2], ids[0]]
        assert payments.due_pushes(unit, NOON, 1) == [ids[1]]

    await database.write(look)


async def test_a_claimer_that_was_not_heard_of_is_found(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment = a_payment(unit, a_family(unit))
        claim(unit, payment.id)
        assert payments.lapsed_sending(unit, after(seconds=59)) == []
        assert payments.lapsed_sending(unit, after(seconds=60)) == [payment.id]
        payments.move(unit, payment.id, S.UNCERTAIN, now=after(seconds=60), announce=announce)
        assert payments.lapsed_sending(unit, after(days=1)) == []

    await database.write(look)


async def test_a_due_check_is_taken_by_one(database: Database) -> None:
    payment_id = await database.write(lambda unit: a_sent_payment(unit, a_family(unit)).id)
    assert await database.read(lambda unit: payments.due_checks(unit, after(seconds=29))) == []
    assert await database.read(lambda unit: payments.due_checks(unit, after(seconds=30))) == [payment_id]

    def take(unit: Unit) -> Payment | None:
        return payments.claim_check(unit, payment_id, now=after(seconds=30), next_at=after(seconds=60))

    taken = await asyncio.gather(*(database.write(take) for _ in range(10)))
    checked = [payment for payment in taken if payment is not None]
    assert len(checked) == 1
    assert (checked[0].checks, checked[0].check_at) == (1, after(seconds=60))


async def test_what_is_settled_is_asked_about_no_more(database: Database) -> None:
    def look(unit: Unit) -> None:
        family = a_family(unit)
        for status in (S.PAID, S.FAILED, S.EXPIRED, S.CANCELLED):
            a_payment_in(unit, family, status)
        assert payments.due_checks(unit, after(days=2)) == []

    await database.write(look)
