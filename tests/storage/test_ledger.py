"""The ledger: balanced or not at all, once each, balances derived."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from storage import checks, ledger
from storage.database import Database, Unit
from storage.ledger import Account, Line, Unbalanced
from tests.builders import NOON, a_school, a_student

LINES = {
    "one line": [Line(Account.MPESA, 5)],
    "nothing": [],
    "out by a cent": [Line(Account.MPESA, 100), Line(Account.SUSPENSE, -99)],
    "a line of zero": [Line(Account.MPESA, 5), Line(Account.SUSPENSE, -5), Line(Account.SUSPENSE, 0)],
}


@pytest.mark.parametrize("lines", LINES.values(), ids=LINES.keys())
async def test_what_does_not_balance_is_refused(database: Database, lines: list[Line]) -> None:
    def post(unit: Unit) -> None:
        ledger.post(unit, school_id=a_school(unit), kind="test", ref="1", lines=lines, now=NOON)

    with pytest.raises(Unbalanced):
        await database.write(post)


async def test_a_posting_happens_once(database: Database) -> None:
    def twice(unit: Unit) -> None:
        school_id = a_school(unit)
        lines = [Line(Account.MPESA, 100), Line(Account.SUSPENSE, -100)]
        first, second = (
            ledger.post(unit, school_id=school_id, kind="test", ref="1", lines=lines, now=NOON)
            for _ in range(2)
        )
        assert first is not None
        assert second is None
        assert unit.core.exec_driver_sql("SELECT count(*) FROM ledger_lines").scalar_one() == 2

    await database.write(twice)


@pytest.mark.parametrize("student", [True, False])
async def test_fees_name_a_child_and_suspense_names_none(database: Database, student: bool) -> None:
    def post(unit: Unit) -> None:
        school_id = a_school(unit)
        child = a_student(unit, school_id)
        account = Account.SUSPENSE if student else Account.FEES
        lines = [Line(Account.MPESA, 100), Line(account, -100, child.id if student else None)]
        ledger.post(unit, school_id=school_id, kind="test", ref="1", lines=lines, now=NOON)

    with pytest.raises(IntegrityError):
        await database.write(post)


async def test_an_opening_balance_is_posted_once_and_corrected_by_the_difference(database: Database) -> None:
    def look(unit: Unit) -> None:
        school_id = a_school(unit)
        child = a_student(unit, school_id)

        def opening(cents: int) -> bool:
            return ledger.post_opening(
                unit, school_id=school_id, student_id=child.id, amount_cents=cents, now=NOON
            )

        assert not ledger.has_opening(unit, school_id, child.id)
        assert opening(15_000_00)
        assert not opening(16_000_00)
        assert ledger.has_opening(unit, school_id, child.id)
        assert ledger.balance_cents(unit, child.id) == 15_000_00
        difference = ledger.correct_opening(
            unit, school_id=school_id, student_id=child.id, opening_cents=-200_00, ref="c1", now=NOON
        )
        assert difference == -15_200_00
        again = ledger.correct_opening(
            unit, school_id=school_id, student_id=child.id, opening_cents=-200_00, ref="c2", now=NOON
        )
        assert again == 0
        assert ledger.opening_of(unit, child.id) == -200_00
        assert ledger.balance_cents(unit, child.id) == -200_00
        assert checks.run(unit, school_id, NOON) == []

    await database.write(look)


async def test_a_child_without_postings_owes_nothing(database: Database) -> None:
    def look(unit: Unit) -> None:
        child = a_student(unit, a_school(unit))
        assert ledger.balances(unit, [child.id, 404]) == {child.id: 0, 404: 0}
        assert ledger.balances(unit, []) == {}

    await database.write(look)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(openings=st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=8))
def test_balances_are_the_sum_of_what_was_posted(database: Database, openings: list[int]) -> None:
    def look(unit: Unit) -> None:
        school_id = a_school(unit)
        child = a_student(unit, school_id, owes_cents=openings[0])
        for number, cents in enumerate(openings[1:]):
            ledger.correct_opening(
                unit,
                school_id=school_id,
                student_id=child.id,
                opening_cents=cents,
                ref=f"{child.id}.{number}",
                now=NOON,
            )
        assert ledger.balance_cents(unit, child.id) == openings[-1] == ledger.opening_of(unit, child.id)

    asyncio.run(database.write(look))
