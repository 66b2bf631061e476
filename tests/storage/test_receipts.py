"""Receipts: every shilling once, whoever tells of it and in whatever order."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import checks, ledger, payments, receipts
from storage.database import Database, Unit
from storage.payment_state import PaymentStatus
from storage.payments import Payment
from storage.receipts import RECEIPT_CONFLICT, SECOND_RECEIPT, Receipt, Recorded, normalise_code
from tests.builders import NOON, a_guardian_with_children, a_school, a_sent_payment, announce

S = PaymentStatus
PAID_AT = NOON + timedelta(seconds=20)
ASKED = 1_500_00
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Report:
    """What one source tells."""

    source: str
    number: str | None
    amount_cents: int | None = ASKED
    paid_at: datetime = PAID_AT
    payer: str | None = "254712345456"


def query(at: datetime = NOON + timedelta(seconds=31)) -> Report:
    """A query says "paid", and neither number nor amount nor time."""
    return Report("query", None, None, at, None)


def tell(unit: Unit, payment: Payment, report: Report) -> Recorded:
    """Records the report and moves the payment, as settling does."""
    recorded = receipts.record(
        unit,
        payment=payment,
        number=report.number,
        amount_cents=report.amount_cents,
        paid_at=report.paid_at,
        source=report.source,
        payer=report.payer,
        now=NOON + timedelta(minutes=1),
    )
    if recorded.receipt is not None:
        payments.move(unit, payment.id, S.PAID, now=NOON, announce=announce)
    return recorded


def a_family_payment(unit: Unit) -> Payment:
    """A payment of a child who owes 15,000."""
    return a_sent_payment(unit, a_guardian_with_children(unit, a_school(unit)), amount_cents=ASKED)


def fresh_code() -> str:
    """A receipt number that was never used."""
    return f"TK{next(_numbers):08}"


def postings(unit: Unit, receipt: Receipt) -> list[tuple[str, int]]:
    """The receipt's lines: (account, cents)."""
    rows = unit.core.exec_driver_sql(
        "SELECT l.account, l.amount_cents FROM ledger_lines l JOIN ledger_entries e ON e.id = l.entry_id "
        "WHERE e.kind LIKE 'receipt%' AND e.ref = ? ORDER BY l.id",
        (str(receipt.id),),
    )
    return [(row.account, row.amount_cents) for row in rows]


def healthy(unit: Unit) -> None:
    """Every invariant holds."""
    assert checks.run(unit, 1, NOON) == []


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
            "outbox_messages WHERE dedupe_key LIKE '%:paid'",
        ):
            assert unit.core.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == 1  # noqa: S608
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


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_of_reports_leaves_the_same_book(database: Database, data: st.DataObject) -> None:
    """Queries and copies of one callback, told in two orders to two payments: same receipt, same balance."""
    amount = data.draw(st.one_of(st.none(), st.just(ASKED), st.integers(1, 250_000_00)), label="amount")
    story = data.draw(
        st.lists(st.sampled_from(["query", "callback"]), min_size=1, max_size=6).filter(
            lambda words: "callback" in words
        )
    )
    orders = [story, data.draw(st.permutations(story), label="order")]

    def told_in(unit: Unit, order: list[str]) -> tuple[object, ...]:
        payment, number = a_family_payment(unit), fresh_code()
        flagged = False
        for source in order:
            report = query() if source == "query" else Report("callback", number, amount)
            flagged = tell(unit, payment, report).amount_differs or flagged
        receipt = receipts.of_payment(unit, payment.id)
        assert receipt is not None
        assert receipt.number == number
        lines = postings(unit, receipt)
        assert sum(cents for account, cents in lines if account == "mpesa") == receipt.amount_cents
        assert sum(cents for _, cents in lines) == 0
        if receipt.amount_cents == ASKED:
            assert len(lines) == 2
        balance = ledger.balance_cents(unit, payment.student_id)
        return receipt.amount_cents, receipt.paid_at, receipt.source, receipt.payer_masked, balance, flagged

    first, second = asyncio.run(database.write(lambda unit: [told_in(unit, order) for order in orders]))
    asyncio.run(database.read(healthy))
    assert first == second
    assert first[4] == 15_000_00 - (amount or ASKED)
    assert first[5] == (amount is not None and amount != ASKED)


async def test_an_amount_learnt_later_posts_the_difference(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment = a_family_payment(unit)
        tell(unit, payment, query())
        recorded = tell(unit, payment, Report("callback", "TK22ABCDE1", 1_000_00))
        assert recorded.amount_differs
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


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    story=st.lists(
        st.tuples(
            st.integers(0, 2), st.one_of(st.none(), st.integers(0, 3)), st.sampled_from([None, ASKED, 900_00])
        ),
        max_size=12,
    )
)
def test_no_story_breaks_the_book(
    database: Database, story: list[tuple[int, int | None, int | None]]
) -> None:
    """Any reports of three payments and four numbers: invariants hold, no number is credited twice."""

    def play(unit: Unit) -> None:
        cast = [a_family_payment(unit) for _ in range(3)]
        numbers = [fresh_code() for _ in range(4)]
        for who, which, amount in story:
            number = None if which is None else numbers[which]
            tell(unit, cast[who], Report("callback" if number else "query", number, amount))
        healthy(unit)
        credited = [receipt for payment in cast if (receipt := receipts.of_payment(unit, payment.id))]
        owned = [receipt.number for receipt in credited if receipt.number]
        assert len(owned) == len(set(owned))
        owed = sum(ledger.balances(unit, [payment.student_id for payment in cast]).values())
        assert owed == 45_000_00 - sum(receipt.amount_cents for receipt in credited)

    asyncio.run(database.write(play))


@pytest.mark.parametrize("amount", [0, -5])
async def test_an_amount_that_is_none_is_flagged_and_the_asked_one_assumed(
    database: Database, amount: int
) -> None:
    def look(unit: Unit) -> None:
        recorded = tell(unit, a_family_payment(unit), Report("callback", "TK22ABCDE1", amount))
        assert recorded.amount_differs
        assert recorded.receipt is not None
        assert recorded.receipt.amount_cents == ASKED

    await database.write(look)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("TK22ABCDE1", "TK22ABCDE1"),
        (" tk22 abcde1 ", "TK22ABCDE1"),
        ("TK22-ABCDE1.", "TK22ABCDE1"),
        (
            "TK22ABCDE1 Confirmed. Ksh1,500.00 sent to UHURU ACADEMY for account 1042 on 22/11/26 at 12:00",
            "TK22ABCDE1",
        ),
        ("tk22abcde1 Imethibitishwa. Ksh1,500.00 imetumwa kwa UHURU ACADEMY", "TK22ABCDE1"),
        ("my code: TK22ABCDE1!", "TK22ABCDE1"),
        ("0712345456", None),
        ("ABCDEFGHIJ", None),
        ("1K22ABCDE1", None),
        ("TK22ABCDE", None),
        ("TK22ABCDE12", None),
        ("", None),
        ("I have paid already", None),
    ],
)
def test_a_code_is_read_however_it_is_typed(typed: str, code: str | None) -> None:
    assert normalise_code(typed) == code


@pytest.mark.parametrize(
    ("payer", "shown"),
    [
        ("254712345456", "07••• 456"),
        ("0112345456", "01••• 456"),
        ("+254 712 345 456", "07••• 456"),
        ("2547*****456", "07••• 456"),
        ("712345456", "••• 456"),
        ("a1b2c3hash", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_of_a_payer_only_a_mask_is_kept(payer: str | None, shown: str) -> None:
    assert receipts.masked(payer) == shown
