"""A release opens a newer schema when that says so, and refuses it in words when not."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from storage import schools
from storage.migrate import newest
from storage.opening import StorageError, migrate_database, open_database
from tests.builders import a_school
from tests.databases import MASTER_KEY
from tests.storage.schema_steps import engine_of

NEWER = "9998"


def make_newer(url: str, floor: str) -> None:
    """As a later release would leave the database."""
    engine = engine_of(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :newer"), {"newer": NEWER})
        connection.execute(text("UPDATE schema_floor SET floor = :floor"), {"floor": floor})
    engine.dispose()


@pytest.mark.parametrize("floor", ["0003", newest()])
def test_a_newer_schema_that_this_release_can_work_with_is_opened(url: str, floor: str) -> None:
    make_newer(url, floor)
    migrate_database(url, [MASTER_KEY])
    database = open_database(url, [MASTER_KEY])
    school_id = asyncio.run(database.write(a_school))
    assert asyncio.run(database.read(lambda unit: schools.is_there(unit, school_id)))
    version = asyncio.run(
        database.read(
            lambda unit: unit.core.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        )
    )
    database.close()
    assert version == NEWER


def test_a_newer_schema_that_has_taken_something_away_is_refused(url: str) -> None:
    make_newer(url, f"{int(newest()) + 1:04}")
    for refuse in (open_database, migrate_database):
        with pytest.raises(StorageError, match=r"was written by a newer Karo: install that one[^.]*\.$"):
            refuse(url, [MASTER_KEY])


def test_a_newer_schema_without_a_floor_is_refused(url: str) -> None:
    make_newer(url, "0003")
    database = open_database(url, [MASTER_KEY])
    asyncio.run(database.write(lambda unit: unit.core.exec_driver_sql("DROP TABLE schema_floor") and None))
    database.close()
    with pytest.raises(StorageError, match="newer Karo"):
        open_database(url, [MASTER_KEY])
