"""Payments are found by what M-PESA calls them, by phone, by chat, by child."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from storage import payments
from storage.database import Database, Unit
from storage.payment_state import PaymentStatus
from storage.payments import Claimed
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


async def test_mpesas_ids_are_filled_in_once_and_found(database: Database) -> None:
    def look(unit: Unit) -> None:
        family = a_family(unit)
        payment = a_sent_payment(unit, family, checkout_id="ws_CO_1")
        assert not payments.note_checkout(unit, payment.id, "other", "ws_CO_2", NOON)
        found = payments.by_checkout(unit, "ws_CO_1")
        assert found is not None
        assert found.id == payment.id
        assert payments.by_checkout(unit, "ws_CO_2") is None
        assert payments.same_checkout(unit, found, "ws_CO_1") is True
        assert payments.same_checkout(unit, found, "ws_CO_2") is False
        payments.move(unit, payment.id, S.FAILED, now=NOON, announce=announce)
        other = a_payment_in(unit, family, S.UNCERTAIN)
        assert payments.same_checkout(unit, other, "ws_CO_1") is None
        assert not payments.note_checkout(unit, other.id, "m", "ws_CO_1", NOON)
        assert payments.note_checkout(unit, other.id, "m", "ws_CO_3", NOON)

    await database.write(look)


async def test_a_late_answer_fills_in_the_ids_of_a_settled_payment(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment = a_payment_in(unit, a_family(unit), S.PAID)
        assert payments.note_checkout(unit, payment.id, "m", "ws_CO_9", NOON)
        found = payments.by_checkout(unit, "ws_CO_9")
        assert found is not None
        assert found.status is S.PAID

    await database.write(look)


async def test_recent_pushes_are_those_a_phone_may_still_hold(database: Database) -> None:
    def look(unit: Unit) -> None:
        family = a_family(unit)
        failed = a_sent_payment(unit, family, now=after(minutes=-3))
        payments.move(unit, failed.id, S.CANCELLED, now=after(minutes=-2), announce=announce)
        never = a_payment(unit, family, now=after(minutes=-2))
        claim(unit, never.id, now=after(minutes=-2))
        payments.move(unit, never.id, S.FAILED, now=after(minutes=-2), announce=announce, reached_mpesa=False)
        ringing = a_sent_payment(unit, family, amount_cents=700_00, now=after(minutes=-1))
        pushes = payments.recent_pushes(unit, [PHONE, "254700000000"], NOON)
        assert [(push.payment_id, push.holding_until) for push in pushes] == [
            (ringing.id, after(minutes=4)),
            (failed.id, None),
        ]
        assert pushes[0].phone == PHONE
        assert PHONE not in repr(pushes)
        assert payments.recent_pushes(unit, [PHONE], after(hours=1))[0].payment_id == ringing.id
        assert payments.recent_pushes(unit, [], NOON) == []

    await database.write(look)


async def test_a_chat_sees_its_own_payments_newest_first(database: Database) -> None:
    def look(unit: Unit) -> None:
        family = a_family(unit)
        other = a_guardian_with_children(unit, 1)
        ids = [a_payment(unit, family, now=after(seconds=n)).id for n in range(4)]
        a_payment(unit, other)
        payments.move(unit, ids[1], S.CANCELLED, now=NOON, announce=announce)
        assert [row.id for row in payments.recent_for_chat(unit, family.chat.id, 3)] == ids[:0:-1]
        assert [row.id for row in payments.open_for_chat(unit, family.chat.id)] == [ids[0], *ids[2:]]
        assert [row.id for row in payments.open_for_students(unit, [family.child.id])] == [ids[0], *ids[2:]]

    await database.write(look)


@pytest.mark.parametrize("chat", [0, 1])
async def test_a_claimed_code_is_kept_once_a_chat(database: Database, chat: int) -> None:
    def look(unit: Unit) -> None:
        families = [a_family(unit), a_guardian_with_children(unit, 1)]
        payment = a_payment(unit, families[chat])
        chat_id = families[chat].chat.id
        kept = [
            payments.add_claim(
                unit, school_id=1, chat_id=chat_id, code="TK22ABCDE1", payment_id=payment.id, now=NOON
            )
            for _ in range(2)
        ]
        assert kept[0] is not None
        assert kept[1] is None
        found = payments.find_claim(unit, 1, "TK22ABCDE1")
        assert found is not None
        assert found.payment_id == payment.id
        assert payments.claimed_code(unit, payment.id) == "TK22ABCDE1"
        assert payments.find_claim(unit, 1, "TK22ABCDE2") is None

    await database.write(look)
