"""Processes whose machines disagree about the time agree about it by the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from bot.services.shared_clock import SharedClock
from storage.database import Database
from storage.opening import open_database
from storage.server_clock import server_now
from tests.databases import MASTER_KEY, drop_postgres, fresh_postgres, fresh_sqlite


class Machine:
    """A machine whose calendar is wrong, and whose monotonic clock moves when it is told to."""

    def __init__(self, off: timedelta) -> None:
        self.off = off
        self.seconds = 1000.0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def on_a_server(tmp_path: Path) -> Iterator[Database]:
    """PostgreSQL."""
    url = fresh_postgres(tmp_path)
    database = open_database(url, [MASTER_KEY])
    yield database
    database.close()
    drop_postgres(url)


@pytest.mark.parametrize("hours", [-1, 0, 5])
async def test_a_wrong_machine_goes_by_the_server(on_a_server: Database, hours: int) -> None:
    machine = Machine(timedelta(hours=hours))
    clock = SharedClock(machine.now, monotonic=machine.monotonic)
    before = await on_a_server.read(server_now)
    await clock.sync(on_a_server)
    after = await on_a_server.read(server_now)

    assert before is not None
    assert after is not None
    assert before <= clock() <= after


async def test_between_two_looks_it_goes_by_the_monotonic_clock(on_a_server: Database) -> None:
    machine = Machine(timedelta())
    clock = SharedClock(machine.now, monotonic=machine.monotonic)
    await clock.sync(on_a_server)
    first = clock()

    machine.off = timedelta(days=-300)  # somebody sets the calendar back
    machine.seconds += 90

    assert clock() - first == timedelta(seconds=90)


async def test_an_answer_that_was_long_on_its_way_is_not_believed(on_a_server: Database) -> None:
    """The process stood still between the server's answer and the moment when it read it."""
    machine = Machine(timedelta())
    clock = SharedClock(machine.now, monotonic=machine.monotonic)
    await clock.sync(on_a_server)
    first = clock()

    def stand_still(*_statement: object) -> None:
        machine.seconds += 60

    event.listen(on_a_server.read_engine, "after_cursor_execute", stand_still)
    await clock.sync(on_a_server)
    event.remove(on_a_server.read_engine, "after_cursor_execute", stand_still)

    assert clock() - first == timedelta(seconds=machine.seconds - 1000)


async def test_on_sqlite_it_is_the_machine_s_own(tmp_path: Path) -> None:
    database = open_database(fresh_sqlite(tmp_path), [MASTER_KEY])
    moment = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
    clock = SharedClock(lambda: moment)
    await clock.sync(database)
    database.close()

    assert clock() == moment
