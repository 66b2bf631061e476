"""Fixtures for the verbs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.services.books import Books, open_books


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    """An empty school in a database of its own."""
    books = await open_books(tmp_path / "karo.db")
    yield books
    books.database.close()
