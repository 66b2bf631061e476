"""Hints between processes: on PostgreSQL they arrive; on SQLite nothing happens; neither leaves anything behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.database import Database
from storage.postgres import make_engines, postgres_url
from storage.signals import APART_S, Signals
from tests.storage.conftest import OpenAgain

SCHOOL = 7
on_postgres = pytest.mark.parametrize("url", ["postgres"], indirect=True)


class Ear:
    """Hears the hints that reach one process."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[None] = asyncio.Queue()
        self.count = 0

    def wake(self) -> None:
        self.count += 1
        self._heard.put_nowait(None)

    async def hears(self) -> None:
        """Waits for the next hint; one that never comes fails the test."""
        async with asyncio.timeout(30):
            await self._heard.get()


@pytest.fixture
async def ear(open_again: OpenAgain) -> AsyncIterator[Ear]:
    """Another process that listens, and has heard that it does."""
    ear = Ear()
    async with Signals(open_again(), SCHOOL).listening(ear.wake):
        await ear.hears()
        yield ear


def connections(database: Database) -> int:
    with database.write_engine.connect() as connection:
        asked = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'karo signals' AND datname = current_database()"
        )
        return int(asked.scalar_one())


def cut_all(database: Database) -> int:
    """As a restart of the server, or a network that broke."""
    with database.write_engine.connect() as connection:
        cut = connection.exec_driver_sql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = 'karo signals' AND datname = current_database()"
        )
        return int(cut.scalar_one())


@on_postgres
async def test_a_hint_reaches_the_other_process(database: Database, ear: Ear) -> None:
    async with Signals(database, SCHOOL) as signals:
        signals.notify()
        await ear.hears()
    assert ear.count == 2  # one when it began to listen


@on_postgres
async def test_many_calls_are_one_hint_and_none_is_lost(database: Database, ear: Ear) -> None:
    async with Signals(database, SCHOOL) as signals:
        for _ in range(100):
            signals.notify()
        await ear.hears()
        for _ in range(100):
            signals.notify()
        await ear.hears()
        await asyncio.sleep(4 * APART_S)  # nothing else is on its way: there is no event to wait for
    assert ear.count == 3


@on_postgres
async def test_another_schools_hints_are_not_heard(database: Database, ear: Ear) -> None:
    async with Signals(database, SCHOOL + 1) as other, Signals(database, SCHOOL) as signals:
        heard_there = Ear()
        async with Signals(database, SCHOOL + 1).listening(heard_there.wake):
            await heard_there.hears()
            other.notify()
            await heard_there.hears()
        signals.notify()
        await ear.hears()
    assert ear.count == 2


@on_postgres
async def test_after_a_lost_connection_it_listens_again_and_looks_at_once(
    database: Database, ear: Ear
) -> None:
    async with Signals(database, SCHOOL) as signals:
        signals.notify()
        await ear.hears()
        assert cut_all(database) == 2
        await ear.hears()  # for it may have missed one
        signals.notify()
        await ear.hears()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_a_server_that_is_not_there_harms_nobody(tmp_path: Path, database: Database) -> None:
    nowhere = make_engines(postgres_url(f"postgresql://karo@/karo?host={tmp_path}"), 1)
    unreachable = Database(*nowhere, database.vault)
    ear = Ear()
    try:
        async with Signals(unreachable, SCHOOL) as signals, signals.listening(ear.wake):
            for _ in range(50):
                signals.notify()
                await asyncio.sleep(0)
    finally:
        unreachable.close()
    assert ear.count == 0


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_on_sqlite_there_is_nobody_to_tell(database: Database) -> None:
    tasks, ear = asyncio.all_tasks(), Ear()
    async with Signals(database, SCHOOL) as signals, signals.listening(ear.wake):
        signals.notify()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == tasks
    assert ear.count == 0


@on_postgres
async def test_nothing_is_left_behind(database: Database) -> None:
    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
    ear = Ear()
    async with Signals(database, SCHOOL) as signals, signals.listening(ear.wake):
        await ear.hears()
        signals.notify()
        await ear.hears()
        assert connections(database) == 2
    assert asyncio.all_tasks() == tasks
    assert set(threading.enumerate()) <= threads
    for _ in range(600):  # the server notices a little later
        if not connections(database):
            break
        await asyncio.sleep(0.05)
    assert connections(database) == 0


@on_postgres
async def test_it_stops_while_it_is_still_connecting(open_again: OpenAgain) -> None:
    async with Signals(open_again(), SCHOOL) as signals, signals.listening(lambda: None):
        signals.notify()


@on_postgres
async def test_what_a_listener_breaks_is_told_when_it_stops(database: Database) -> None:
    begun = asyncio.Event()

    def broken() -> None:
        begun.set()
        raise LookupError("a fault of the listener's own")

    async def listen() -> None:
        async with Signals(database, SCHOOL).listening(broken):
            await begun.wait()
            await asyncio.sleep(0)

    with pytest.raises(LookupError):
        await listen()
