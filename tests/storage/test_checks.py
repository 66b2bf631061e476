"""The checks: silent on a healthy book, and each finds what it is there for."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import delete

from storage import attention, checks, held_back, inbox, lines, outbox, payments, questions, receipts
from storage.audit import AuditRecord
from storage.broken import SHOWN
from storage.database import Database, Unit
from storage.payment_state import PaymentStatus
from storage.schema import table_of
from tests.builders import (
    NOON,
    a_guardian_with_children,
    a_payment,
    a_payment_in,
    a_school,
    a_sent_payment,
    announce,
    take_step,
)
from tests.storage.corruptions import CORRUPTIONS, Corruption

S = PaymentStatus
AUDIT = table_of(AuditRecord)
SOON = NOON + timedelta(seconds=10)


def a_lively_school(unit: Unit) -> None:
    """Payments 1 paid, 2 queued, 3 sending, 4 requested, 5 failed, 6 cancelled, 7 expired, and two more.

    Receipts 1 (of payment 1), 2 (in suspense), 3; messages waiting; a question about 4.
    The M-PESA line is down, payment 6 was held back.
    """
    school_id = a_school(unit)
    paid = a_sent_payment(unit, a_guardian_with_children(unit, school_id))
    for number in ("TK22ABCDE1", "TK22ABCDE2"):
        receipts.record(
            unit,
            payment=paid,
            number=number,
            amount_cents=1_500_00,
            paid_at=NOON,
            source="callback",
            payer=None,
            now=NOON,
        )
    payments.move(unit, paid.id, S.PAID, now=NOON, announce=announce)
    for status in (S.QUEUED, S.SENDING, S.REQUESTED, S.FAILED, S.CANCELLED, S.EXPIRED):
        a_payment_in(unit, a_guardian_with_children(unit, school_id), status)
    payments.flag(unit, 7, "expired", NOON)
    payments.flag(unit, 7, "unknown_code", NOON)
    late = a_payment_in(unit, a_guardian_with_children(unit, school_id), S.FAILED)
    receipts.record(
        unit,
        payment=late,
        number="TK22ABCDE3",
        amount_cents=900_00,
        paid_at=NOON,
        source="callback",
        payer=None,
        now=NOON,
    )
    take_step(unit, late.id, S.PAID, now=NOON)
    a_payment(unit, a_guardian_with_children(unit, school_id), push_at=NOON + timedelta(minutes=2))
    inbox.keep(unit, school_id=school_id, channel="stk", body=b"{}", payment_id=paid.id, now=NOON)
    questions.add(unit, school_id, 4, "TK22ABCDE4", new_token=lambda: "ab" * 16, now=NOON)
    a_line_that_is_down(unit, school_id)


def a_line_that_is_down(unit: Unit, school_id: int) -> None:
    lines.go_down(unit, school_id, "firewall", sent_at=NOON, now=NOON, by_push_at=NOON)
    cancelled = payments.get(unit, 6)
    assert cancelled is not None
    held_back.add(unit, cancelled, 1, NOON)


def audit_forgets(unit: Unit, subject: str) -> None:
    """As if nobody had ever dealt with it."""
    unit.core.execute(delete(AUDIT).where(AUDIT.c.subject == subject))


async def test_a_healthy_book_is_silent(database: Database) -> None:
    assert await database.read(lambda unit: checks.run(unit, 1, NOON)) == []
    await database.write(a_lively_school)
    assert await database.read(lambda unit: checks.run(unit, 1, SOON)) == []


class Undone(Exception):
    """What the check found, in a unit of work that must not stay."""

    def __init__(self, broken: list[str]) -> None:
        super().__init__(broken)
        self.broken = broken


async def test_each_corruption_is_found(database: Database, subtests: pytest.Subtests) -> None:
    await database.write(a_lively_school)

    def corrupted(unit: Unit, corruption: Corruption) -> None:
        for statement in corruption.sql.split("; "):
            unit.core.exec_driver_sql(statement)
        raise Undone(checks.run(unit, 1, NOON + corruption.after))

    for corruption in CORRUPTIONS:
        with subtests.test(corruption.name):
            with pytest.raises(Undone) as undone:
                await database.write(partial(corrupted, corruption=corruption))
            assert any(corruption.says in sentence for sentence in undone.value.broken), undone.value.broken
    assert await database.read(lambda unit: checks.run(unit, 1, SOON)) == []


async def test_an_expired_payment_was_looked_at_when_a_person_says_so(database: Database) -> None:
    await database.write(a_lively_school)

    def close(unit: Unit, reason: str) -> list[str]:
        done = attention.done(unit, 1, f"payment:7.{reason}", note="called", by="staff:1", now=SOON)
        assert done
        return checks.run(unit, 1, SOON)

    assert await database.write(lambda unit: close(unit, "expired")) == []
    await database.write(lambda unit: audit_forgets(unit, "payment:7.expired"))
    assert await database.write(lambda unit: close(unit, "unknown_code")) == [
        "Payment 7 expired, and no person was asked to look."
    ]


async def test_another_schools_troubles_are_not_told(database: Database) -> None:
    await database.write(a_lively_school)
    late = NOON + timedelta(days=1)
    assert await database.read(lambda unit: checks.run(unit, 1, late)) != []
    assert await database.read(lambda unit: checks.run(unit, 2, late)) == []


async def test_many_broken_rows_are_named_up_to_a_number(database: Database) -> None:
    def flood(unit: Unit) -> None:
        family = a_guardian_with_children(unit, a_school(unit))
        for number in range(SHOWN + 5):
            outbox.add(
                unit,
                school_id=1,
                chat_id=family.chat.id,
                kind="reply",
                body={"n": number},
                dedupe_key=None,
                now=NOON,
            )

    await database.write(flood)
    broken = await database.read(lambda unit: checks.run(unit, 1, NOON + timedelta(hours=1)))
    assert len(broken) == SHOWN + 1
    assert broken[-1] == "... and more of the same."
