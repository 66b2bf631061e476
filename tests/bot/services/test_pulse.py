"""Signs of life of one process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.services.pulse import Pulse, Taken
from storage import processes
from storage.processes import Process
from tests.bot.services.books import Books, open_books
from tests.builders import NOON


@dataclass
class Home:
    """A process; now: what its clock says."""

    books: Books
    now: datetime = NOON

    def pulse(self, name: str = "here:1:ab") -> Pulse:
        return Pulse(self.books.database, self.books.school_id, "web", name, lambda: self.now)

    async def known(self) -> list[Process]:
        return await self.books.database.read(lambda unit: processes.known(unit, self.books.school_id))


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    books = await open_books(tmp_path / "karo.db")
    yield Home(books)
    books.database.close()


async def test_it_is_written_down_at_the_start_and_gone_after_a_clean_stop(home: Home) -> None:
    pulse = home.pulse()
    assert pulse.stored is None
    await pulse.begin()
    (process,) = await home.known()
    assert (process.name, process.kind, process.started_at, process.seen_at) == (
        "here:1:ab",
        "web",
        NOON,
        NOON,
    )
    assert pulse.stored
    await pulse.end()
    assert await home.known() == []
    await pulse.beat()  # a tick that came late
    assert await home.known() == []


async def test_what_was_noted_goes_with_the_next_beat_and_not_before(home: Home) -> None:
    pulse = home.pulse()
    await pulse.begin()
    pulse.note(Taken.CALLBACK)
    assert (await home.known())[0].callback_at is None
    home.now += timedelta(seconds=10)
    await pulse.beat()
    (process,) = await home.known()
    assert (process.started_at, process.seen_at, process.callback_at) == (NOON, home.now, NOON)
    assert process.query_at is None


async def test_a_row_that_was_forgotten_meanwhile_is_written_anew(home: Home) -> None:
    """As after a night in which the machine slept."""
    pulse = home.pulse()
    pulse.note(Taken.UPDATE)
    await pulse.begin()
    home.now += timedelta(days=2)
    await home.pulse("another").begin()
    assert [process.name for process in await home.known()] == ["another"]
    await pulse.beat()
    assert {process.name: process.update_at for process in await home.known()} == {
        "another": None,
        "here:1:ab": NOON,
    }


async def test_a_database_that_does_not_store_is_known_and_stops_nothing(home: Home) -> None:
    pulse = home.pulse()
    await pulse.begin()
    home.books.database.close()
    await pulse.begin()
    assert pulse.stored is False
    await pulse.end()
