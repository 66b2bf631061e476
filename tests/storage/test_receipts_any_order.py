"""Receipts: whatever is told, in whatever order, the book is the same."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import ledger, receipts
from storage.database import Database, Unit
from storage.payment_state import PaymentStatus
from tests.storage.reporting import (
    ASKED,
    Report,
    a_family_payment,
    fresh_code,
    healthy,
    postings,
    query,
    tell,
)

S = PaymentStatus


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
