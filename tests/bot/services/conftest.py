"""Fixtures for the verbs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.services.books import Books, open_books
from tests.bot.services.chatting import GRACE, Chatting
from tests.bot.services.counter import Counter, counter, open_file
from tests.bot.services.line_desk import LineDesk, opened
from tests.databases import fresh_sqlite


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    """An empty school in a database of its own."""
    books = await open_books(tmp_path / "karo.db")
    yield books
    books.database.close()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Counter]:
    """A school's counter; `karo check` must be clean when it closes."""
    database = open_file(tmp_path)
    try:
        async with counter(database) as open_counter:
            yield open_counter
            await open_counter.deliver()
            assert await open_counter.broken() == []
    finally:
        database.close()


@pytest.fixture
def grace(place: Counter) -> Chatting:
    """Amina's and Daudi's mother, with the bot open."""
    return Chatting(place, GRACE)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[LineDesk]:
    """A school whose M-PESA line may go down, on a file."""
    async with opened(fresh_sqlite(tmp_path)) as line_desk:
        yield line_desk


@pytest.fixture
async def either(database_url: str) -> AsyncIterator[LineDesk]:
    """The same on each engine: several workers at once, and the rows that hold them apart."""
    async with opened(database_url) as line_desk:
        yield line_desk
