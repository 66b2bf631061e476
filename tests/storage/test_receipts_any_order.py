"""Receipts: whatever is told, in whatever order, the book is the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import ledger, receipts
from storage.database import Database, Unit
from storage.payment_state import PaymentStatus
from tests.storage.reporting import (
    ASKED,
    HEARD_AT,
    PAID_AT,
    Report,
    a_family_payment,
    fresh_code,
    healthy,
    postings,
    query,
    tell,
)

S = PaymentStatus


#: What one report tells: number, amount, time. A query tells nothing, a callback any part of it.
TOLD = st.one_of(st.none(), st.tuples(st.booleans(), st.booleans(), st.booleans()))
Told = tuple[bool, bool, bool]
REPORTS = st.lists(TOLD, min_size=1, max_size=6)
AMOUNTS = st.one_of(st.just(ASKED), st.integers(1, 250_000_00))

#: Who is told of, which number, how much.
STORIES = st.lists(
    st.tuples(
        st.integers(0, 2), st.one_of(st.none(), st.integers(0, 3)), st.sampled_from([None, ASKED, 900_00])
    ),
    max_size=12,
)
Story = list[tuple[int, int | None, int | None]]
Test = Callable[..., None]


def report_of(told: Told | None, number: str, amount: int) -> Report:
    """The report that tells these parts."""
    if told is None:
        return query()
    has_number, has_amount, has_time = told
    return Report(
        "callback",
        number if has_number else None,
        amount if has_amount else None,
        PAID_AT if has_time else None,
    )


def on(engine: str, examples: int) -> Callable[[Test], Test]:
    """A server takes its time for each story: it is told fewer."""
    fewer = settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    return lambda test: pytest.mark.parametrize("url", [engine], indirect=True)(fewer(test))


@on("sqlite", examples=50)
@given(story=REPORTS, amount=AMOUNTS, data=st.data())
def test_any_order_of_reports_leaves_the_same_book(
    database: Database, story: list[Told | None], amount: int, data: st.DataObject
) -> None:
    the_same_book(database, [story, data.draw(st.permutations(story), label="order")], amount)


@on("postgres", examples=12)
@given(story=REPORTS, amount=AMOUNTS, data=st.data())
def test_any_order_of_reports_leaves_the_same_book_on_a_server(
    database: Database, story: list[Told | None], amount: int, data: st.DataObject
) -> None:
    the_same_book(database, [story, data.draw(st.permutations(story), label="order")], amount)


def the_same_book(database: Database, orders: list[list[Told | None]], amount: int) -> None:
    """Queries and parts of one callback, told in two orders to two payments: same receipt, same balance."""
    story = orders[0]
    numbered, told, timed = (any(parts and parts[n] for parts in story) for n in range(3))
    due = amount if told else ASKED

    def told_in(unit: Unit, order: list[Told | None]) -> tuple[object, ...]:
        payment, number = a_family_payment(unit), fresh_code()
        recorded = [tell(unit, payment, report_of(parts, number, amount)) for parts in order]
        receipt = receipts.of_payment(unit, payment.id)
        assert receipt is not None
        assert receipt.number == (number if numbered else None)
        assert (receipt.amount_cents, receipt.amount_told) == (due, told)
        assert (receipt.paid_at, receipt.time_told) == (PAID_AT if timed else HEARD_AT, timed)
        lines = postings(unit, receipt)
        assert sum(cents for account, cents in lines if account == "mpesa") == due
        assert sum(cents for _, cents in lines) == 0
        corrected = [one.amount_corrected for one in recorded].count(True)
        assert len(lines) == 2 + 2 * corrected
        assert corrected <= int(due != ASKED)
        assert [one.is_new for one in recorded] == [True] + [False] * (len(order) - 1)
        assert [one.number_filled for one in recorded].count(True) <= 1
        assert [one.amount_differs for one in recorded].count(True) == int(due != ASKED)
        assert not any(one.conflict for one in recorded)
        assert ledger.balance_cents(unit, payment.student_id) == 15_000_00 - due
        return receipt.amount_cents, receipt.paid_at, receipt.source, receipt.payer_masked

    first, second = asyncio.run(database.write(lambda unit: [told_in(unit, order) for order in orders]))
    asyncio.run(database.read(healthy))
    assert first == second


@on("sqlite", examples=25)
@given(story=STORIES)
def test_no_story_breaks_the_book(database: Database, story: Story) -> None:
    nothing_breaks(database, story)


@on("postgres", examples=12)
@given(story=STORIES)
def test_no_story_breaks_the_book_on_a_server(database: Database, story: Story) -> None:
    nothing_breaks(database, story)


def nothing_breaks(database: Database, story: Story) -> None:
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
