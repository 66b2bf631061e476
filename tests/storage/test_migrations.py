"""The migrations make what the models say, on both engines, and can be taken back step by step."""

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
from sqlalchemy import Engine

from storage.migrate import configuration, migrate, newest
from storage.tables import metadata
from tests.databases import ENGINES
from tests.storage.definitions import definitions
from tests.storage.schema_steps import REVISIONS, empty_database, go_to, made_up

FAILS_HALF_WAY = """
    op.create_table("halves", sa.Column("id", sa.Integer, primary_key=True))
    op.add_column("schools", sa.Column("half", sa.String))
    op.execute("UPDATE schema_floor SET floor = '9900'")
    raise RuntimeError("half way")
"""


@pytest.fixture(params=sorted(ENGINES))
def kind(request: pytest.FixtureRequest) -> str:
    """The engine's name."""
    return str(request.param)


@pytest.fixture
def empty(kind: str, tmp_path: Path) -> Iterator[Engine]:
    """A database with nothing in it."""
    with empty_database(kind, tmp_path) as engine:
        yield engine


@pytest.fixture
def migrated(empty: Engine) -> Engine:
    """An empty database brought to the newest schema by the migrations."""
    with empty.begin() as connection:
        migrate(connection)
    return empty


def test_alembic_finds_no_difference(migrated: Engine) -> None:
    options = {"compare_type": True, "compare_server_default": True}
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata()) == []


def test_every_column_constraint_and_index_is_the_models(kind: str, migrated: Engine, tmp_path: Path) -> None:
    with empty_database(kind, tmp_path, "modelled") as modelled:
        metadata().create_all(modelled)
        with migrated.connect() as one, modelled.connect() as other:
            assert definitions(one) == definitions(other)


def test_each_can_be_taken_back_and_brought_again(empty: Engine) -> None:
    with empty.begin() as connection:
        seen = [definitions(connection)]
        for before, revision in zip(("base", *REVISIONS), REVISIONS, strict=False):
            go_to(connection, revision)
            seen.append(definitions(connection))
            go_to(connection, before)
            assert definitions(connection) == seen[-2]
            go_to(connection, revision)
            assert definitions(connection) == seen[-1]
        assert [len(schema) for schema in seen] == sorted({len(schema) for schema in seen})


def test_they_can_be_taken_back_all_together_and_brought_again(migrated: Engine) -> None:
    with migrated.begin() as connection:
        before = definitions(connection)
        command.downgrade(configuration(connection), "base")
        assert definitions(connection) == {}
        migrate(connection)
        assert definitions(connection) == before


def test_one_that_fails_half_way_changes_nothing(migrated: Engine, tmp_path: Path) -> None:
    with migrated.connect() as connection:
        before = definitions(connection)
    with pytest.raises(RuntimeError, match="half way"), migrated.begin() as connection:
        command.upgrade(made_up(tmp_path, connection, FAILS_HALF_WAY), "head")
    with migrated.connect() as connection:
        assert definitions(connection) == before
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == newest()
        assert connection.exec_driver_sql("SELECT floor FROM schema_floor").scalar_one() < newest()


def test_the_first_ones_leave_nothing_when_a_later_one_fails(empty: Engine, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="half way"), empty.begin() as connection:
        command.upgrade(made_up(tmp_path, connection, FAILS_HALF_WAY), "head")
    with empty.connect() as connection:
        assert definitions(connection) == {}
        assert MigrationContext.configure(connection).get_current_revision() is None


def test_what_is_at_the_newest_schema_stays_as_it_is(migrated: Engine) -> None:
    with migrated.begin() as connection:
        before = definitions(connection)
        migrate(connection)
        assert definitions(connection) == before
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        assert version == newest()


def test_they_need_no_working_directory(empty: Engine, tmp_path: Path) -> None:
    here = Path.cwd()
    try:
        os.chdir(tmp_path)
        with empty.begin() as connection:
            migrate(connection)
    finally:
        os.chdir(here)


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
