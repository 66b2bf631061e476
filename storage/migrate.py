"""Bringing a database to the newest schema, from code: no alembic.ini, no working directory."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from storage import schema_floor

_MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaUnknown(Exception):
    """The database has a schema that this release does not know: a newer one wrote it."""


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration; the connection is handed to the environment and stays the caller's to
    commit.
    """
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@cache
def newest() -> str:
    """The newest revision's id."""
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    assert head is not None
    return head


def migrate(connection: Connection, to: str = "head") -> None:
    """Runs what is missing, inside the caller's transaction. Raises SchemaUnknown."""
    if to == "head" and is_current(connection):
        return
    try:
        command.upgrade(configuration(connection), to)
    except (CommandError, ResolutionError) as error:
        raise SchemaUnknown(str(error)) from error


def is_current(connection: Connection) -> bool:
    """Whether this release can work with the schema as it is: its own, or a newer one that says so.

    False: there are revisions to run first. Raises SchemaUnknown for a newer schema that has dropped what
    this release needs.
    """
    present = MigrationContext.configure(connection).get_current_revision()
    if present is None or present in _known():
        return present == newest()
    if schema_floor.of(connection) <= newest():
        return True
    raise SchemaUnknown(f"revision {present} is of a newer release")


@cache
def _known() -> frozenset[str]:
    """The ids of every revision that this release has."""
    scripts = ScriptDirectory.from_config(configuration())
    return frozenset(revision.revision for revision in scripts.walk_revisions())
