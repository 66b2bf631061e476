"""Attention: everything that waits for a person, until a person has dealt with it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage import attention, audit, checks, inbox, payments, receipts
from storage.attention import AttentionRow
from storage.database import Database, Unit
from storage.payment_state import PaymentStatus
from tests.builders import NOON, Family, a_guardian_with_children, a_payment_in, a_school, announce

S = PaymentStatus


def a_family(unit: Unit) -> Family:
    """Achieng's."""
    return a_guardian_with_children(unit, a_school(unit))


def done(unit: Unit, ref: str) -> bool:
    """A person has dealt with it."""
    return attention.done(unit, 1, ref, note="called the parent", by="staff:1", now=NOON)


async def test_payments_receipts_and_bodies_are_listed_oldest_first(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment = a_payment_in(unit, a_family(unit), S.REQUESTED)
        item = inbox.keep(
            unit,
            school_id=1,
            channel="stk",
            body=b"?",
            payment_id=payment.id,
            now=NOON + timedelta(minutes=2),
        )
        inbox.mark(unit, item.id, "unapplied", "unknown_shape", needs_person=True)
        stray = inbox.keep(
            unit, school_id=1, channel="stk", body=b"!", payment_id=None, now=NOON + timedelta(minutes=3)
        )
        inbox.mark(unit, stray.id, "unapplied", needs_person=True)
        payments.change(unit, payment.id, now=NOON + timedelta(minutes=1), needs_person="unknown_code")
        assert attention.listing(unit, 1) == [
            AttentionRow(
                f"payment:{payment.id}",
                "unknown_code",
                NOON + timedelta(minutes=1),
                1_500_00,
                "Achieng",
                payment.id,
            ),
            AttentionRow(
                f"inbox:{item.id}",
                "unknown_shape",
                NOON + timedelta(minutes=2),
                1_500_00,
                "Achieng",
                payment.id,
            ),
            AttentionRow(f"inbox:{stray.id}", "unapplied", NOON + timedelta(minutes=3), None, None, None),
        ]
        assert attention.listing(unit, 404) == []

    await database.write(look)


async def test_what_a_person_has_dealt_with_is_gone_and_in_the_audit_trail(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment = a_payment_in(unit, a_family(unit), S.EXPIRED)
        payments.change(unit, payment.id, now=NOON, needs_person="expired")
        ref = f"payment:{payment.id}"
        assert done(unit, ref)
        assert not done(unit, ref)
        assert attention.listing(unit, 1) == []
        (record,) = audit.of_subject(unit, 1, ref)
        assert (record.actor, record.detail) == ("staff:1", "called the parent")
        assert checks.run(unit, 1, NOON) == []

    await database.write(look)


async def test_money_in_suspense_is_listed_once_with_its_payment(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment = a_payment_in(unit, a_family(unit), S.REQUESTED)
        for number in ("TK22ABCDE1", "TK22ABCDE2"):
            receipts.record(
                unit,
                payment=payment,
                number=number,
                amount_cents=1_500_00,
                paid_at=NOON,
                source="callback",
                payer=None,
                now=NOON,
            )
        payments.move(unit, payment.id, S.PAID, now=NOON, announce=announce)
        suspended = receipts.find(unit, 1, "TK22ABCDE2")
        assert suspended is not None
        (row,) = attention.listing(unit, 1)
        assert (row.ref, row.what, row.student_name) == (
            f"receipt:{suspended.id}",
            "second_receipt",
            "Achieng",
        )
        payments.change(unit, payment.id, now=NOON, needs_person="second_receipt")
        (row,) = attention.listing(unit, 1)
        assert row.ref == f"payment:{payment.id}"
        assert done(unit, row.ref)
        assert attention.listing(unit, 1) == []

    await database.write(look)


@pytest.mark.parametrize("ref", ["payment:404", "payment:", "payment:x", "student:1", "", "receipt:-1"])
async def test_what_does_not_wait_cannot_be_done(database: Database, ref: str) -> None:
    def look(unit: Unit) -> None:
        a_payment_in(unit, a_family(unit), S.PAID)
        assert not done(unit, ref)

    await database.write(look)
