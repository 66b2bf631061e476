"""A database for each test, on every engine in ENGINES: a second engine is one more entry there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from storage.database import Database
from storage.opening import open_database
from tests.builders import a_school
from tests.databases import ENGINES, MASTER_KEY, drop_postgres

OpenAgain = Callable[[], Database]


@pytest.fixture(params=sorted(ENGINES))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of this engine."""
    made = ENGINES[request.param](tmp_path)
    yield made
    if request.param == "postgres":
        drop_postgres(made)


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


@pytest.fixture
def timer() -> Callable[[], float]:
    """The writer's timer: it stands still, so that only the count limits a group."""
    return lambda: 0.0


@pytest.fixture
def writing(database: Database, timer: Callable[[], float]) -> Iterator[Database]:
    """A database with a school in it, whose writer goes by the test's timer."""
    slow = Database(database.write_engine, database.read_engine, database.vault, timer=timer)
    asyncio.run(slow.write(a_school))
    yield slow
    slow.close()


@pytest.fixture
def commits(writing: Database) -> Iterator[list[int]]:
    """Grows by one with each commit of the writer."""
    seen: list[int] = []

    def note(_connection: Connection) -> None:
        seen.append(len(seen) + 1)

    event.listen(writing.write_engine, "commit", note)
    yield seen
    event.remove(writing.write_engine, "commit", note)
