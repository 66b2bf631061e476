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


def refs(unit: Unit) -> list[str]:
    """What is on the desk."""
    return [row.ref for row in attention.listing(unit, 1)]


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
        payments.flag(unit, payment.id, "unknown_code", NOON + timedelta(minutes=1))
        assert attention.listing(unit, 1) == [
            AttentionRow(
                f"payment:{payment.id}.unknown_code",
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
        payments.flag(unit, payment.id, "expired", NOON)
        ref = f"payment:{payment.id}.expired"
        assert done(unit, ref)
        assert not done(unit, ref)
        assert attention.listing(unit, 1) == []
        (record,) = audit.of_subject(unit, 1, ref)
        assert (record.actor, record.detail) == ("staff:1", "called the parent")
        assert checks.run(unit, 1, NOON) == []

    await database.write(look)


async def test_each_reason_is_listed_and_done_by_itself(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment = a_payment_in(unit, a_family(unit), S.PAID)
        for reason in ("unknown_code", "amount_differs"):
            payments.flag(unit, payment.id, reason, NOON)
        names = [f"payment:{payment.id}.{reason}" for reason in ("amount_differs", "unknown_code")]
        assert refs(unit) == names
        assert not attention.done(unit, 404, names[0], note="", by="staff:1", now=NOON)
        assert done(unit, names[0])
        assert not done(unit, names[0])
        assert refs(unit) == names[1:]
        assert [row.subject for row in audit.of_subject(unit, 1, names[0])] == names[:1]
        assert payments.concerns_of(unit, payment.id) == {"unknown_code": NOON}

    await database.write(look)


async def test_what_came_at_the_same_time_is_listed_by_number(database: Database) -> None:
    def look(unit: Unit) -> None:
        a_school(unit)
        for number in range(11):
            kept = inbox.keep(
                unit, school_id=1, channel="stk", body=b"%d" % number, payment_id=None, now=NOON
            )
            inbox.mark(unit, kept.id, "unapplied", needs_person=True)
        assert refs(unit) == [f"inbox:{number}" for number in range(1, 12)]

    await database.write(look)


def paid_twice(unit: Unit) -> tuple[str, str]:
    """A payment with a second receipt, which is in suspense: the names of the payment and of that receipt."""
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
    return f"payment:{payment.id}", f"receipt:{suspended.id}"


async def test_money_in_suspense_is_listed_once_with_its_payment(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment, suspended = paid_twice(unit)
        (row,) = attention.listing(unit, 1)
        assert (row.ref, row.what, row.student_name) == (suspended, "second_receipt", "Achieng")
        payments.flag(unit, 1, "second_receipt", NOON)
        assert refs(unit) == [f"{payment}.second_receipt"]
        assert done(unit, f"{payment}.second_receipt")
        assert attention.listing(unit, 1) == []

    await database.write(look)


async def test_money_in_suspense_stays_when_another_reason_is_dealt_with(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment, suspended = paid_twice(unit)
        payments.flag(unit, 1, "amount_differs", NOON + timedelta(minutes=1))
        assert refs(unit) == [suspended, f"{payment}.amount_differs"]
        assert done(unit, f"{payment}.amount_differs")
        assert refs(unit) == [suspended]
        payments.flag(unit, 1, "second_receipt", NOON)
        payments.unflag(unit, 1, "second_receipt", NOON)
        assert refs(unit) == [suspended]
        assert done(unit, suspended)
        assert refs(unit) == []

    await database.write(look)


@pytest.mark.parametrize(
    "ref",
    [
        "payment:404.expired", "payment:1", "payment:1.", "payment:1.expired", "payment:", "payment:x.expired",
        "student:1", "", "receipt:-1", "receipt:1.expired", "inbox:" + "9" * 30,
    ],
)  # fmt: skip
async def test_what_does_not_wait_cannot_be_done(database: Database, ref: str) -> None:
    def look(unit: Unit) -> None:
        payment = a_payment_in(unit, a_family(unit), S.PAID)
        payments.flag(unit, payment.id, "unknown_code", NOON)
        assert not done(unit, ref)
        assert refs(unit) == [f"payment:{payment.id}.unknown_code"]

    await database.write(look)
