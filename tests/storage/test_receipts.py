"""Receipts: every shilling once, whoever tells of it."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from sqlalchemy import text

from storage import ledger, payments, receipts
from storage.database import Database, Unit
from storage.payment_state import PaymentStatus
from storage.receipts import RECEIPT_CONFLICT, SECOND_RECEIPT, Recorded
from tests.storage.reporting import (
    ASKED,
    PAID_AT,
    Report,
    a_family_payment,
    healthy,
    postings,
    query,
    tell,
)

S = PaymentStatus


async def test_a_callback_is_one_receipt_and_one_posting(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment = a_family_payment(unit)
        recorded = tell(unit, payment, Report("callback", "tk22abcde1 "))
        receipt = recorded.receipt
        assert receipt is not None
        assert recorded == Recorded(receipt, is_new=True)
        assert (receipt.number, receipt.amount_cents, receipt.paid_at) == ("TK22ABCDE1", ASKED, PAID_AT)
        assert (receipt.payment_id, receipt.student_id) == (payment.id, payment.student_id)
        assert receipt.payer_masked == "07••• 456"
        assert postings(unit, receipt) == [("mpesa", ASKED), ("fees", -ASKED)]
        assert ledger.balance_cents(unit, payment.student_id) == 15_000_00 - ASKED
        assert receipts.find(unit, 1, "TK22ABCDE1") == receipt
        assert receipts.of_payment(unit, payment.id) == receipt
        healthy(unit)

    await database.write(look)


async def test_twenty_identical_callbacks_at_once_are_one(database: Database) -> None:
    payment = await database.write(a_family_payment)
    report = Report("callback", "TK22ABCDE1")
    told = await asyncio.gather(
        *(database.write(lambda unit: tell(unit, payment, report)) for _ in range(20))
    )
    assert [recorded.is_new for recorded in told].count(True) == 1

    def look(unit: Unit) -> None:
        for table in (
            "receipts",
            "ledger_entries WHERE kind = 'receipt'",
            r"outbox_messages WHERE dedupe_key LIKE '%\:paid'",
        ):
            assert unit.core.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 1  # noqa: S608
        healthy(unit)

    await database.read(look)


@pytest.mark.parametrize(
    "order", sorted(set(itertools.permutations(["query", "callback", "callback", "query"])))
)
async def test_the_number_may_follow_or_come_first(database: Database, order: tuple[str, ...]) -> None:
    def look(unit: Unit) -> None:
        payment = a_family_payment(unit)
        told = [
            tell(unit, payment, query() if source == "query" else Report("callback", "TK22ABCDE1"))
            for source in order
        ]
        assert [recorded.is_new for recorded in told] == [True, False, False, False]
        filled = order[0] == "query"
        assert [recorded.number_filled for recorded in told].count(True) == int(filled)
        receipt = receipts.of_payment(unit, payment.id)
        assert receipt is not None
        assert (receipt.number, receipt.paid_at, receipt.source) == ("TK22ABCDE1", PAID_AT, "callback")
        assert postings(unit, receipt) == [("mpesa", ASKED), ("fees", -ASKED)]
        healthy(unit)

    await database.write(look)


async def test_an_amount_learnt_later_posts_the_difference(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment = a_family_payment(unit)
        tell(unit, payment, query())
        recorded = tell(unit, payment, Report("callback", "TK22ABCDE1", 1_000_00))
        assert (recorded.amount_differs, recorded.amount_corrected, recorded.conflict) == (True, True, "")
        assert recorded.receipt is not None
        assert recorded.receipt.amount_cents == 1_000_00
        assert postings(unit, recorded.receipt) == [
            ("mpesa", ASKED),
            ("fees", -ASKED),
            ("mpesa", -500_00),
            ("fees", 500_00),
        ]
        healthy(unit)

    await database.write(look)


async def test_another_number_for_the_same_payment_goes_to_suspense(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment = a_family_payment(unit)
        first = tell(unit, payment, Report("callback", "TK22ABCDE1"))
        for _ in range(3):
            second = tell(unit, payment, Report("callback", "TK22ABCDE2", 700_00))
            assert second.receipt == first.receipt
            assert not second.is_new
        suspended = receipts.find(unit, 1, "TK22ABCDE2")
        assert suspended is not None
        assert (suspended.payment_id, suspended.student_id, suspended.amount_cents) == (None, None, 700_00)
        assert (suspended.needs_person, suspended.reported_payment_id) == (SECOND_RECEIPT, payment.id)
        assert postings(unit, suspended) == [("mpesa", 700_00), ("suspense", -700_00)]
        assert ledger.balance_cents(unit, payment.student_id) == 15_000_00 - ASKED
        healthy(unit)

    await database.write(look)


async def test_the_second_number_is_a_conflict_the_first_time_it_is_told(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment = a_family_payment(unit)
        tell(unit, payment, Report("callback", "TK22ABCDE1"))
        told = [tell(unit, payment, Report("callback", "TK22ABCDE2")).conflict for _ in range(3)]
        assert told == [SECOND_RECEIPT, "", ""]

    await database.write(look)


async def test_a_number_that_another_payment_owns_credits_nothing(database: Database) -> None:
    def look(unit: Unit) -> None:
        owner, other = a_family_payment(unit), a_family_payment(unit)
        tell(unit, owner, Report("callback", "TK22ABCDE1"))
        for _ in range(3):
            told = tell(unit, other, Report("callback", "TK22ABCDE1"))
            assert told == Recorded(None, conflict=RECEIPT_CONFLICT)
        assert receipts.of_payment(unit, other.id) is None
        assert ledger.balance_cents(unit, other.student_id) == 15_000_00
        still = payments.get(unit, other.id)
        assert still is not None
        assert still.status is S.REQUESTED
        tell(unit, other, query())
        late = tell(unit, other, Report("callback", "TK22ABCDE1"))
        assert late.conflict == RECEIPT_CONFLICT
        assert late.receipt is not None
        assert late.receipt.number is None
        healthy(unit)

    await database.write(look)


@pytest.mark.parametrize("amount", [0, -5])
async def test_an_amount_that_is_none_is_refused(database: Database, amount: int) -> None:
    with pytest.raises(ValueError, match="above zero"):
        await database.write(
            lambda unit: tell(unit, a_family_payment(unit), Report("callback", "TK22ABCDE1", amount))
        )
