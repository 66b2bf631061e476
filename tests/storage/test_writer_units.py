"""What a unit of work may do with its session, and that it can hurt nobody but itself."""

from __future__ import annotations

import contextlib

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from storage import jobs, people, schools
from storage.database import Database, Unit
from tests.builders import NOON
from tests.storage.writing import Work, behind_a_gate, periods, take


def break_a_key(unit: Unit) -> None:
    jobs.claim_period(unit, 404, "job", "of no school", NOON)


def break_a_flush(unit: Unit) -> None:
    people.add_staff(unit, 404, "of no school", "staff", NOON)


def break_behind_a_savepoint(unit: Unit, broken: Work) -> None:
    with unit.session.begin_nested():
        take("in vain")(unit)
        broken(unit)


async def test_what_the_session_still_held_back_is_stored(writing: Database) -> None:
    def rename(unit: Unit) -> None:
        school = schools.first(unit)
        assert school is not None
        school.name = "Umoja School"

    await writing.write(rename)
    school = await writing.read(schools.first)
    assert school is not None
    assert school.name == "Umoja School"


@pytest.mark.parametrize("broken", [break_a_key, break_a_flush])
async def test_what_a_unit_tries_behind_its_own_savepoint_is_undone_alone(
    writing: Database, broken: Work
) -> None:
    def attempt(unit: Unit) -> str:
        take("first")(unit)
        for _ in range(2):
            with pytest.raises(IntegrityError):
                break_behind_a_savepoint(unit, broken)
        with unit.session.begin_nested():
            take("second")(unit)
        assert take("third")(unit)
        return "went on"

    results = await behind_a_gate(writing, [take("before"), attempt, take("after")])
    assert results == [True, "went on", True]
    assert await writing.read(periods) == ["after", "before", "first", "second", "third"]


async def test_a_unit_that_swallows_a_broken_flush_is_told_that_nothing_was_stored(writing: Database) -> None:
    def swallow(unit: Unit) -> str:
        take("in vain")(unit)
        with contextlib.suppress(IntegrityError):
            break_a_flush(unit)
        return "all well"

    results = await behind_a_gate(writing, [take("before"), swallow, take("after")])
    assert results[0] is results[2] is True
    assert isinstance(results[1], Exception)
    assert await writing.read(periods) == ["after", "before"]


async def test_nothing_that_follows_a_swallowed_broken_flush_is_stored(writing: Database) -> None:
    def go_on(unit: Unit) -> None:
        connection = unit.core
        with contextlib.suppress(IntegrityError):
            break_a_flush(unit)
        connection.exec_driver_sql(
            "INSERT INTO job_periods (school_id, job, period, taken_at) "
            "VALUES (1, 'job', 'smuggled', '2026-11-22 09:00:00')"
        )

    results = await behind_a_gate(writing, [take("before"), go_on])
    assert results[0] is True
    assert isinstance(results[1], Exception)
    assert await writing.read(periods) == ["before"]


async def test_whoever_swallows_a_broken_statement_undoes_nobody_else(writing: Database) -> None:
    """PostgreSQL takes nothing more from that unit; SQLite does. Either way each is told what is true of it."""

    def swallow(unit: Unit) -> str:
        take("mine")(unit)
        with contextlib.suppress(DBAPIError):
            break_a_key(unit)
        return "all well"

    results = await behind_a_gate(writing, [take("before"), swallow])
    assert results[0] is True
    assert isinstance(results[1], DBAPIError) if writing.shared else results[1] == "all well"
    assert await writing.read(periods) == ["before"] + ["mine"] * (not writing.shared)


async def test_a_unit_neither_commits_nor_rolls_back(writing: Database) -> None:
    def commit(unit: Unit) -> None:
        take("in vain")(unit)
        unit.session.commit()

    def roll_back(unit: Unit) -> None:
        take("in vain")(unit)
        unit.session.rollback()

    results = await behind_a_gate(writing, [take("before"), commit, roll_back, take("after")])
    assert [type(result) for result in results] == [bool, RuntimeError, RuntimeError, bool]
    assert await writing.read(periods) == ["after", "before"]


async def test_an_error_that_no_future_takes_is_told_as_another_one(writing: Database) -> None:
    def find_nothing(unit: Unit) -> object:
        return next(row for row in periods(unit) if row == "none")

    results = await behind_a_gate(writing, [take("before"), find_nothing, take("after")])
    assert [type(result) for result in results] == [bool, RuntimeError, bool]
    assert isinstance(results[1], RuntimeError)
    assert isinstance(results[1].__cause__, StopIteration)


async def test_no_error_quotes_what_was_to_be_stored(writing: Database) -> None:
    """PostgreSQL would add the whole row."""

    def name_a_child(unit: Unit) -> None:
        take("secret period")(unit)
        unit.core.exec_driver_sql("UPDATE job_periods SET job = NULL")

    with pytest.raises(IntegrityError) as broken:
        await writing.write(name_a_child)
    said = f"{broken.value} {broken.value!r} {broken.value.orig} {broken.value.orig!r}"
    assert "null" in said.lower()
    assert "secret" not in said
