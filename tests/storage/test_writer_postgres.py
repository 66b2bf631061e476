"""Other processes in the way of the writer: a unit that they hinder is run again alone, and holds nobody up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from storage.database import Database, NotStored, Unit
from storage.writer import TRIES
from tests.storage.writing import (
    Tried,
    Work,
    behind_a_gate,
    held,
    periods,
    take,
    touch,
    touch_and_take,
)

pytestmark = pytest.mark.parametrize("url", ["postgres"], indirect=True)


@pytest.fixture
async def row(writing: Database) -> str:
    """A row that others may hold."""
    await writing.write(take("a row"))
    return "a row"


async def test_a_unit_in_whose_way_another_was_is_run_again(writing: Database, url: str, row: str) -> None:
    stuck = Tried(touch_and_take(row, "stuck"))
    with held(url, row) as other:
        asked = asyncio.ensure_future(behind_a_gate(writing, [take("before"), stuck, take("after")]))
        await asyncio.to_thread(stuck.again.wait, 10)
        other.rollback()
        assert await asked == [True, True, True]
    assert stuck.runs >= 2
    assert await writing.read(periods) == [row, "after", "before", "stuck"]


async def test_who_is_hindered_for_good_is_told_so_and_holds_nobody_up(
    writing: Database, url: str, row: str, commits: list[int]
) -> None:
    order: list[object] = []
    stuck = Tried(touch_and_take(row, "in vain"))
    with held(url, row):
        asked = asyncio.ensure_future(
            behind_a_gate(writing, [take("before"), stuck, take("after")], order.append)
        )
        await asyncio.to_thread(stuck.again.wait, 10)
        assert await writing.write(take("meanwhile"))
        order.append("meanwhile")
        told = (await asked)[1]
    assert order == [0, 2, "meanwhile", 1]
    assert isinstance(told, NotStored)
    assert not told.unknown
    assert str(told) == "Other processes were in the way again and again: nothing of this was stored."
    assert isinstance(told.__cause__, OperationalError)
    assert isinstance(told.__cause__.orig, psycopg.errors.LockNotAvailable)
    assert stuck.runs == 1 + TRIES
    assert len(commits) == 1 + TRIES + 1  # the group, each try alone, and who came in between
    assert await writing.read(periods) == [row, "after", "before", "meanwhile"]


def swallow(row: str) -> Work:
    def work(unit: Unit) -> str:
        with contextlib.suppress(OperationalError):
            touch(unit, row)
        return "done"

    return work


def swallow_behind_a_savepoint(row: str) -> Work:
    def work(unit: Unit) -> str:
        with contextlib.suppress(OperationalError), unit.session.begin_nested():
            touch(unit, row)
        take("after it")(unit)
        return "done"

    return work


def say_something_else(row: str) -> Work:
    def work(unit: Unit) -> str:
        try:
            touch(unit, row)
        except OperationalError:
            raise ValueError("no such thing") from None
        return "done"

    return work


@pytest.mark.parametrize("made_of_it", [swallow, swallow_behind_a_savepoint, say_something_else])
async def test_whatever_a_unit_makes_of_it_it_is_run_again(
    writing: Database, url: str, row: str, made_of_it: Callable[[str], Work]
) -> None:
    stuck = Tried(made_of_it(row))
    with held(url, row) as other:
        asked = asyncio.ensure_future(behind_a_gate(writing, [take("before"), stuck]))
        await asyncio.to_thread(stuck.again.wait, 10)
        assert [period for period in await writing.read(periods) if period != row] == ["before"]
        other.rollback()
        assert await asked == [True, "done"]


async def test_closing_waits_for_who_is_to_be_tried_again(writing: Database, url: str, row: str) -> None:
    stuck = Tried(touch_and_take(row, "stuck"))
    with held(url, row) as other:
        asked = asyncio.ensure_future(writing.write(stuck))
        await asyncio.to_thread(stuck.again.wait, 10)
        closing = asyncio.ensure_future(asyncio.to_thread(writing.close))
        other.rollback()
        assert await asked is True
        await closing


@pytest.fixture
def in_parts(url: str) -> Iterator[psycopg.Connection]:
    """A table in two parts, with one row; whoever moves the row to the other part makes those who wait for it fail.

    That is how PostgreSQL itself raises 40001 under READ COMMITTED.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE parted (part integer, touched integer) PARTITION BY LIST (part)")
        for part in (1, 2):
            connection.execute(
                f"CREATE TABLE parted_{part} PARTITION OF parted FOR VALUES IN ({part})".encode()
            )
        connection.execute("INSERT INTO parted VALUES (1, 0)")
        yield connection


async def test_a_serialization_failure_is_run_again(
    writing: Database, url: str, in_parts: psycopg.Connection
) -> None:
    met: list[str | None] = []

    def count(unit: Unit) -> bool:
        take("counted")(unit)
        unit.core.execute(text("SET LOCAL lock_timeout = '10s'"))
        try:
            changed = unit.core.execute(text("UPDATE parted SET touched = touched + 1"))
        except DBAPIError as error:
            met.append(getattr(error.orig, "sqlstate", None))
            raise
        return changed.rowcount == 1

    with psycopg.connect(url) as mover:
        mover.execute("UPDATE parted SET part = 2")
        asked = asyncio.ensure_future(behind_a_gate(writing, [take("before"), count]))
        await asyncio.to_thread(until_somebody_waits, in_parts)
        mover.commit()
        assert await asked == [True, True]
    assert met == ["40001"]
    assert in_parts.execute("SELECT * FROM parted").fetchall() == [(2, 1)]
    assert await writing.read(periods) == ["before", "counted"]


def until_somebody_waits(connection: psycopg.Connection) -> None:
    """For a lock, in this database."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    assert any(connection.execute(asked).fetchone() != (0,) for _ in range(100_000))
