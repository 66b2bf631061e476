"""The migrations make what the models say, and can be taken back."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine

from storage.migrate import configuration, migrate, newest
from storage.tables import metadata


@pytest.fixture
def migrated(tmp_path: Path) -> Iterator[Engine]:
    """An empty database brought to the newest schema by the migrations."""
    engine = create_engine(f"sqlite:///{tmp_path / 'migrated.db'}")
    with engine.begin() as connection:
        migrate(connection)
    yield engine
    engine.dispose()


def schema(connection: Connection) -> dict[str, list[str]]:
    """Every table and index with the parts of its definition, in an order of no meaning."""
    rows = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'"
    )
    return {name: sorted(part.strip(" ,\n\t") for part in re.split(r"\n", sql)) for name, sql in rows}


def test_alembic_finds_no_difference(migrated: Engine) -> None:
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata()) == []


def test_every_constraint_and_index_is_the_models(migrated: Engine, tmp_path: Path) -> None:
    modelled = create_engine(f"sqlite:///{tmp_path / 'modelled.db'}")
    metadata().create_all(modelled)
    with migrated.connect() as one, modelled.connect() as other:
        assert schema(one) == schema(other)
    modelled.dispose()


def test_they_can_be_taken_back_and_brought_again(migrated: Engine) -> None:
    with migrated.begin() as connection:
        before = schema(connection)
        command.downgrade(configuration(connection), "base")
        assert schema(connection) == {}
        migrate(connection)
        assert schema(connection) == before


def test_what_is_at_the_newest_schema_stays_as_it_is(migrated: Engine) -> None:
    with migrated.begin() as connection:
        before = schema(connection)
        migrate(connection)
        assert schema(connection) == before
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        assert version == newest()


def test_they_need_no_working_directory(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'elsewhere.db'}")
    here = Path.cwd()
    try:
        os.chdir(tmp_path)
        with engine.begin() as connection:
            migrate(connection)
    finally:
        os.chdir(here)
        engine.dispose()


def test_they_stand_in_one_line_and_are_named_by_number() -> None:
    revisions = list(ScriptDirectory.from_config(configuration()).walk_revisions())
    assert [revision.revision for revision in reversed(revisions)] == [
        f"{number:04}" for number in range(1, len(revisions) + 1)
    ]
    for revision in revisions:
        assert re.fullmatch(rf"{revision.revision}_[a-z_]+\.py", Path(revision.path).name)


def test_every_table_says_whose_it_is() -> None:
    without = {table.name for table in metadata().sorted_tables if "school_id" not in table.columns}
    assert without == {"schools", "data_keys", "schema_floor", "moves", "copied_tables"}
