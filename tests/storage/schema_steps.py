"""Databases at any revision, on both engines, and revisions that are made up for a test."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, make_url

from storage.migrate import configuration
from storage.migrations import versions
from storage.opening.files import sqlite_path
from storage.postgres import maintenance_engine, postgres_url
from storage.sqlite import make_engines
from tests.databases import drop_postgres, empty_postgres

_LINE = ScriptDirectory.from_config(configuration())
REVISIONS = [revision.revision for revision in _LINE.walk_revisions()][::-1]
STEPS = list(itertools.pairwise(REVISIONS))  #: (n - 1, n), from the second revision on

MADE_UP = "9900"  #: the first revision that a test makes up

_REVISION = '''"""Made up for a test."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{revision}", "{after}", None, None


def changing(table):
    how = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    return op.batch_alter_table(table, recreate=how)


def upgrade():
    {upgrade}
'''


def engine_of(url: str) -> Engine:
    """The engine that migrations run on."""
    parsed = make_url(url)
    if parsed.drivername == "sqlite":
        writing, reading = make_engines(sqlite_path(parsed), 1)
        reading.dispose()
        return writing
    return maintenance_engine(postgres_url(url))


@contextlib.contextmanager
def empty_database(engine_name: str, folder: Path, name: str = "empty") -> Iterator[Engine]:
    """An engine on a database with nothing in it, which is gone afterwards."""
    on_server = engine_name == "postgres"
    url = empty_postgres() if on_server else f"sqlite:///{folder / name}.db"
    engine = engine_of(url)
    try:
        yield engine
    finally:
        engine.dispose()
        if on_server:
            drop_postgres(url)


def go_to(connection: Connection, revision: str, config: Config | None = None) -> None:
    """Up or down to that revision; `base` is before the first."""
    config = config or configuration(connection)
    present = MigrationContext.configure(connection).get_current_revision() or "base"
    if revision == "base" or (present != "base" and revision < present):
        command.downgrade(config, revision)
    elif revision != present:
        command.upgrade(config, revision)


def made_up(folder: Path, connection: Connection, *upgrades: str) -> Config:
    """The migrations and, in that folder, more after them: 9900, 9901, ... whose bodies are given.

    For alembic's commands, or for `go_to`. In a body `changing(table)` is alembic's batch, on both engines.
    """
    after = REVISIONS[-1]
    for number, upgrade in enumerate(upgrades, int(MADE_UP)):
        text = _REVISION.format(revision=number, after=after, upgrade=upgrade.strip())
        (folder / f"{number}_made_up.py").write_text(text)
        after = str(number)
    config = configuration(connection)
    places = f"{Path(versions.__file__).parent}{os.pathsep}{folder}"
    config.set_main_option("version_locations", places.replace("%", "%%"))
    return config
