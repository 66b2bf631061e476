"""The server is stopped at once, in the middle of everything, and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import OperationalError

from storage.database import Database, NotStored, Unit
from storage.opening import migrate_database, open_database
from tests.builders import a_school
from tests.databases import MASTER_KEY
from tests.storage.own_server import OwnServer, own_server
from tests.storage.writing import Gate, periods, take


@pytest.fixture
def server() -> Iterator[OwnServer]:
    with own_server() as running:
        yield running


@pytest.fixture
def database(server: OwnServer) -> Iterator[Database]:
    migrate_database(server.url, [MASTER_KEY])
    opened = open_database(server.url, [MASTER_KEY])
    yield opened
    opened.close()


async def test_a_server_that_falls_and_comes_back(server: OwnServer, database: Database) -> None:
    await database.write(a_school)
    await database.write(take("before"))
    gate = Gate()

    def fall_in_between(unit: Unit) -> None:
        take("in vain")(unit)
        gate(unit)
        take("never")(unit)

    falling = asyncio.ensure_future(database.write(fall_in_between))
    await asyncio.to_thread(gate.entered.wait, 10)
    waiting = [asyncio.ensure_future(database.write(take(f"{n}"))) for n in range(5)]
    await asyncio.to_thread(server.stop)
    gate.opened.set()
    told = await asyncio.gather(falling, *waiting, database.write(take("after")), return_exceptions=True)
    assert [type(each) for each in told] == [NotStored] * 7
    assert not any(isinstance(each, NotStored) and each.unknown for each in told)
    with pytest.raises(OperationalError):
        await database.read(periods)
    await asyncio.to_thread(server.start)
    assert await database.write(take("back")) is True
    assert await database.read(periods) == ["back", "before"]
