"""Receipts told in parts: what was told stands, what was assumed gives way, and the book follows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage import ledger, receipts
from storage.database import Database, Unit
from storage.receipts import AMOUNT_CONFLICT, SECOND_RECEIPT, Recorded
from tests.storage.reporting import (
    ASKED,
    HEARD_AT,
    PAID_AT,
    Report,
    a_family_payment,
    healthy,
    postings,
    query,
    tell,
)

CODE = "TK22ABCDE1"
LESS = 1_000_00


async def test_what_is_not_told_is_assumed_and_known_to_be(database: Database) -> None:
    def look(unit: Unit) -> None:
        receipt = tell(unit, a_family_payment(unit), query()).receipt
        assert receipt is not None
        assert (receipt.amount_cents, receipt.amount_told) == (ASKED, False)
        assert (receipt.paid_at, receipt.time_told) == (HEARD_AT, False)

    await database.write(look)


@pytest.mark.parametrize("first", [Report("callback", CODE, None, None), query()])
async def test_a_told_amount_and_time_replace_the_assumed_ones_whenever_the_number_came(
    database: Database, first: Report
) -> None:
    def look(unit: Unit) -> None:
        payment = a_family_payment(unit)
        tell(unit, payment, first)
        told = tell(unit, payment, Report("callback", CODE, LESS))
        receipt = told.receipt
        assert receipt is not None
        filled = first.number is None
        assert told == Recorded(receipt, number_filled=filled, amount_corrected=True, amount_differs=True)
        assert (receipt.amount_cents, receipt.amount_told) == (LESS, True)
        assert (receipt.paid_at, receipt.time_told) == (PAID_AT, True)
        assert sum(cents for account, cents in postings(unit, receipt) if account == "mpesa") == LESS
        assert ledger.balance_cents(unit, payment.student_id) == 15_000_00 - LESS
        healthy(unit)

    await database.write(look)


@pytest.mark.parametrize(
    "later", [Report("callback", CODE, None, None), query(), Report("callback", CODE, LESS)]
)
async def test_an_assumed_amount_never_replaces_a_told_one(database: Database, later: Report) -> None:
    def look(unit: Unit) -> None:
        payment = a_family_payment(unit)
        tell(unit, payment, Report("callback", CODE, LESS))
        receipt = receipts.of_payment(unit, payment.id)
        assert tell(unit, payment, later) == Recorded(receipt)
        assert receipt is not None
        assert (receipt.amount_cents, receipt.paid_at) == (LESS, PAID_AT)
        assert len(postings(unit, receipt)) == 2
        healthy(unit)

    await database.write(look)


async def test_an_amount_told_before_its_number_stays_when_the_number_comes(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment = a_family_payment(unit)
        tell(unit, payment, Report("callback", None, LESS))
        told = tell(unit, payment, Report("callback", CODE, None))
        assert told == Recorded(told.receipt, number_filled=True)
        assert told.receipt is not None
        assert (told.receipt.number, told.receipt.amount_cents) == (CODE, LESS)
        healthy(unit)

    await database.write(look)


@pytest.mark.parametrize("number", [CODE, None])
async def test_a_second_told_amount_changes_nothing_and_wants_a_person(
    database: Database, number: str | None
) -> None:
    def look(unit: Unit) -> None:
        payment = a_family_payment(unit)
        tell(unit, payment, Report("callback", CODE, LESS, None))
        for _ in range(2):
            told = tell(unit, payment, Report("callback", number, ASKED))
            assert told == Recorded(told.receipt, amount_differs=True, conflict=AMOUNT_CONFLICT)
        receipt = receipts.of_payment(unit, payment.id)
        assert receipt is not None
        assert (receipt.amount_cents, receipt.time_told) == (LESS, False)
        assert postings(unit, receipt) == [("mpesa", LESS), ("fees", -LESS)]
        healthy(unit)

    await database.write(look)


async def test_a_number_is_taken_from_a_report_that_contradicts_the_amount(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment = a_family_payment(unit)
        tell(unit, payment, Report("callback", None, LESS))
        told = tell(unit, payment, Report("callback", CODE, ASKED))
        assert (told.number_filled, told.amount_corrected) == (True, False)
        assert (told.amount_differs, told.conflict) == (True, AMOUNT_CONFLICT)
        assert told.receipt is not None
        assert (told.receipt.number, told.receipt.amount_cents) == (CODE, LESS)
        healthy(unit)

    await database.write(look)


async def test_the_first_told_time_wins(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment = a_family_payment(unit)
        tell(unit, payment, query())
        tell(unit, payment, Report("callback", CODE))
        later = tell(unit, payment, Report("callback", CODE, paid_at=PAID_AT + timedelta(hours=1)))
        assert later.receipt is not None
        assert later.receipt.paid_at == PAID_AT

    await database.write(look)


async def test_money_in_suspense_learns_its_amount_too(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment = a_family_payment(unit)
        tell(unit, payment, Report("callback", CODE))
        assert tell(unit, payment, Report("callback", "TK22ABCDE2", None)).conflict == SECOND_RECEIPT
        learnt = tell(unit, payment, Report("callback", "TK22ABCDE2", LESS))
        assert learnt == Recorded(learnt.receipt)
        contradicted = tell(unit, payment, Report("callback", "TK22ABCDE2", LESS + 1_00))
        assert (contradicted.amount_differs, contradicted.conflict) == (True, AMOUNT_CONFLICT)
        suspended = receipts.find(unit, 1, "TK22ABCDE2")
        assert suspended is not None
        assert (suspended.amount_cents, suspended.payment_id) == (LESS, None)
        assert sum(cents for account, cents in postings(unit, suspended) if account == "suspense") == -LESS
        own = receipts.of_payment(unit, payment.id)
        assert own is not None
        assert own.amount_cents == ASKED
        healthy(unit)

    await database.write(look)
