"""Payments: the one door, edge by edge, and what a move brings with it."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from storage import payments
from storage.database import Database, Unit
from storage.payment_state import AWAITING, SETTLED, TRANSITIONS, PaymentStatus, may_move
from storage.payments import Payment
from tests.builders import (
    NOON,
    PHONE,
    a_guardian_with_children,
    a_payment,
    a_payment_in,
    a_school,
    a_sent_payment,
    announce,
    take_step,
)

S = PaymentStatus
LATER = NOON + timedelta(minutes=7)
PAIRS = list(itertools.product(PaymentStatus, PaymentStatus))


def payment_in(unit: Unit, status: PaymentStatus) -> Payment:
    """A payment of a new family, in that status."""
    return a_payment_in(unit, a_guardian_with_children(unit, a_school(unit), phone=PHONE), status)


@pytest.mark.parametrize(("source", "to"), [pair for pair in PAIRS if may_move(*pair)])
async def test_every_edge_writes_its_event_and_is_announced_once(
    database: Database, source: PaymentStatus, to: PaymentStatus
) -> None:
    heard: list[str] = []

    def walk(unit: Unit) -> list[str]:
        payment = payment_in(unit, source)
        if to is S.SENDING:
            payments.claim_push(
                unit,
                payment.id,
                token="t",
                now=NOON,
                lease_s=60,
                announce=lambda *told: heard.append(told[2]),
            )
        else:
            payments.move(
                unit,
                payment.id,
                to,
                now=LATER,
                announce=lambda *told: heard.append(told[2]),
                because={"n": 1},
            )
        moved = payments.get(unit, payment.id)
        assert moved is not None
        assert moved.status is to
        assert (moved.settled_at is not None) == (to in SETTLED)
        assert to in AWAITING or moved.holds_phone is None
        return [row.event for row in payments.events_of(unit, payment.id)]

    events = await database.write(walk)
    assert heard == [TRANSITIONS[source, to]]
    assert events[0] == "created"
    assert events[-1] == TRANSITIONS[source, to]


@pytest.mark.parametrize("source", S)
async def test_every_other_step_is_refused_and_leaves_no_trace(
    database: Database, source: PaymentStatus
) -> None:
    def try_all(unit: Unit) -> None:
        payment = payment_in(unit, source)
        before = payment.model_dump(), len(payments.events_of(unit, payment.id))
        for to in (to for to in S if not may_move(source, to)):
            assert take_step(unit, payment.id, to, now=LATER) is None
            after = payments.get(unit, payment.id)
            assert after is not None
            assert (after.model_dump(), len(payments.events_of(unit, payment.id))) == before, to

    await database.write(try_all)


async def test_twenty_settlements_at_once_are_one(database: Database) -> None:
    payment_id = await database.write(lambda unit: payment_in(unit, S.REQUESTED).id)
    heard: list[str] = []

    def settle(unit: Unit) -> bool:
        moved = payments.move(
            unit, payment_id, S.PAID, now=LATER, announce=lambda *told: heard.append(told[2]), cause="paid"
        )
        return moved is not None

    results = await asyncio.gather(*(database.write(settle) for _ in range(20)))
    assert sorted(results) == [False] * 19 + [True]
    assert heard == ["paid"]
    events = await database.read(lambda unit: payments.events_of(unit, payment_id))
    assert [row.event for row in events] == ["created", "claimed", "accepted", "paid"]


async def test_an_announcement_that_fails_undoes_its_move(database: Database) -> None:
    payment_id = await database.write(lambda unit: payment_in(unit, S.REQUESTED).id)

    def refuse(unit: Unit, payment: Payment, event: str) -> None:
        raise RuntimeError(event)

    with pytest.raises(RuntimeError, match="paid"):
        await database.write(lambda unit: payments.move(unit, payment_id, S.PAID, now=LATER, announce=refuse))
    payment = await database.read(lambda unit: payments.get(unit, payment_id))
    assert payment is not None
    assert payment.status is S.REQUESTED


async def test_the_same_intent_is_the_same_payment(database: Database) -> None:
    def twice(unit: Unit) -> None:
        family = a_guardian_with_children(unit, a_school(unit))
        first = a_payment(unit, family, intent_id="telegram:1:7", amount_cents=100_00)
        second, is_new = payments.create(
            unit,
            school_id=1,
            intent_id="telegram:1:7",
            chat_id=family.chat.id,
            guardian_id=family.guardian.id,
            student_id=family.child.id,
            amount_cents=999_00,
            phone=PHONE,
            account_reference="X",
            shortcode="174379",
            party_b="174379",
            transaction_type="CustomerPayBillOnline",
            push_at=LATER,
            now=LATER,
        )
        assert (second.id, second.amount_cents, is_new) == (first.id, 100_00, False)

    await database.write(twice)


@pytest.mark.parametrize("amount_cents", [0, -100, 150, 99])
async def test_only_whole_shillings_above_zero(database: Database, amount_cents: int) -> None:
    def start(unit: Unit) -> None:
        a_payment(unit, a_guardian_with_children(unit, a_school(unit)), amount_cents=amount_cents)

    with pytest.raises(IntegrityError):
        await database.write(start)


async def test_the_door_sets_what_it_may_and_nothing_else(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment = payment_in(unit, S.REQUESTED)
        changed = payments.change(unit, payment.id, now=LATER, query_failed_at=LATER, undecided=2)
        assert (changed.query_failed_at, changed.undecided) == (LATER, 2)
        for forbidden in (
            {"status": S.PAID}, {"amount_cents": 1}, {"holds_phone": None}, {"needs_person": "expired"},
        ):  # fmt: skip
            with pytest.raises(ValueError, match="Not for move or change"):
                payments.change(unit, payment.id, now=LATER, **forbidden)
            with pytest.raises(ValueError, match="Not for move or change"):
                payments.move(unit, payment.id, S.PAID, now=LATER, announce=announce, **forbidden)
        with pytest.raises(ValueError, match="claim_push"):
            payments.move(unit, payment.id, S.SENDING, now=LATER, announce=announce)
        with pytest.raises(LookupError):
            payments.move(unit, 404, S.PAID, now=LATER, announce=announce)
        with pytest.raises(LookupError):
            payments.change(unit, 404, now=LATER, cause="x")

    await database.write(look)


async def test_a_move_carries_its_cause_and_its_reason(database: Database) -> None:
    def fail(unit: Unit) -> None:
        payment = payment_in(unit, S.REQUESTED)
        moved = payments.move(
            unit,
            payment.id,
            S.FAILED,
            now=LATER,
            announce=announce,
            because={"code": "1", "channel": "callback"},
            cause="insufficient_funds",
            outcome_code="1",
            retry_after_s=None,
        )
        assert moved is not None
        assert (moved.cause, moved.outcome_code, moved.settled_at) == ("insufficient_funds", "1", LATER)
        assert (moved.check_at, moved.lease_until, moved.holds_phone) == (None, None, None)
        last = payments.events_of(unit, payment.id)[-1]
        assert last.because == '{"channel": "callback", "code": "1"}'
        assert last.at == LATER

    await database.write(fail)


async def test_times_come_back_aware_and_in_utc(
    database: Database,
) -> None:
    payment_id = await database.write(lambda unit: payment_in(unit, S.REQUESTED).id)
    payment = await database.read(lambda unit: payments.get(unit, payment_id))
    assert payment is not None
    assert payment.pushed_at == NOON
    assert payment.pushed_at is not None
    assert payment.pushed_at.utcoffset() == timedelta(0)


async def test_what_is_secret_is_in_no_repr(database: Database) -> None:
    def look(unit: Unit) -> str:
        family = a_guardian_with_children(unit, a_school(unit), phone=PHONE)
        payment = a_sent_payment(unit, family, token="ab" * 16, checkout_id="ws_CO_22112026_0712345456")
        assert payments.phone_of(unit, payment) == PHONE
        assert payments.checkout_of(unit, payment) == "ws_CO_22112026_0712345456"
        return repr(payment) + repr(family.guardian)

    shown = await database.write(look)
    for secret in (PHONE, "345456", "abab", "ws_CO_", "phone_hash", "token_hash"):
        assert secret not in shown


async def test_a_remark_is_noted_once(database: Database) -> None:
    def remark(unit: Unit) -> None:
        payment = payment_in(unit, S.REQUESTED)
        noted = [
            payments.remark(
                unit, school_id=payment.school_id, payment_id=payment.id, event="still_unknown", now=LATER
            )
            for _ in range(2)
        ]
        assert noted == [True, False]

    await database.write(remark)
