"""A database for each test, on every engine in ENGINES: a second engine is one more entry there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage.database import Database
from storage.opening import open_database
from tests.databases import MASTER_KEY, fresh_sqlite

OpenAgain = Callable[[], Database]

#: Each makes an empty database at the newest schema and returns its URL.
ENGINES: dict[str, Callable[[Path], str]] = {"sqlite": fresh_sqlite}


@pytest.fixture(params=sorted(ENGINES))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of this engine."""
    return ENGINES[request.param](tmp_path)


@pytest.fixture
def open_again(url: str) -> Iterator[OpenAgain]:
    """Opens the test's database, as often as it is called; all are closed at the end."""
    opened: list[Database] = []

    def opener() -> Database:
        opened.append(open_database(url, [MASTER_KEY]))
        return opened[-1]

    yield opener
    for database in opened:
        database.close()


@pytest.fixture
def database(open_again: OpenAgain) -> Database:
    """An open, migrated, empty database."""
    return open_again()
