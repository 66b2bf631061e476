"""Opening a PostgreSQL database: `karo migrate` makes schema and key, every other command finds them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError

from storage.database import READERS, Database
from storage.migrate import SchemaUnknown, is_current, migrate
from storage.opening.errors import KeyMissing, SchemaOld, StorageError
from storage.opening.keys import given, make_vault, open_vault, wrapped_key
from storage.postgres import maintenance_engine, make_engines, postgres_url
from storage.transactions import may_run_again
from storage.vault import Vault, VaultError

_ONE_AT_A_TIME = 0x6B61726F  #: the advisory lock under which the schema is changed: "karo"
_LOCK_MS = 3_000  # who waits for a table keeps everybody behind it waiting too
_AGAIN_AFTER_S = (1.0, 2.0, 4.0, 8.0)


def open_server(url: str, secret_keys: Sequence[str] | None) -> Database:
    """The database on that server. Raises StorageError, SchemaOld when `karo migrate` has to run first."""
    keys, server = _keys(secret_keys), postgres_url(url)
    write_engine, read_engine = make_engines(server, READERS)
    try:
        with read_engine.connect() as connection, connection.begin():
            vault = _find(connection, keys)
        return Database(write_engine, read_engine, vault)
    except (VaultError, SchemaUnknown, DBAPIError, StorageError) as error:
        write_engine.dispose()
        read_engine.dispose()
        raise _in_words(error, server) from error


def bring_up(
    url: str,
    secret_keys: Sequence[str] | None,
    *,
    lock_ms: int = _LOCK_MS,
    again_after_s: Sequence[float] = _AGAIN_AFTER_S,
) -> None:
    """Schema and data key, made or brought up to date in one transaction, by one process at a time.

    lock_ms: how long it waits for a table that others use before it lets everybody pass; again_after_s: the
    seconds before each further try. Raises StorageError.
    """
    keys, server = _keys(secret_keys), postgres_url(url)
    engine = maintenance_engine(server)
    try:
        for wait_s in again_after_s:
            try:
                return _bring_up(engine, keys, lock_ms)
            except DBAPIError as error:
                if not may_run_again(error):
                    raise
            time.sleep(wait_s)
        _bring_up(engine, keys, lock_ms)
    except (VaultError, SchemaUnknown, DBAPIError) as error:
        raise _in_words(error, server) from error
    finally:
        engine.dispose()


def _bring_up(engine: Engine, keys: Sequence[str], lock_ms: int) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {lock_ms:d}")
        migrate(connection)
        wrapped = wrapped_key(connection)
        if wrapped is None:
            make_vault(connection, keys[0])
        else:
            open_vault(connection, wrapped, keys, rewrap=True)


def _find(connection: Connection, keys: Sequence[str]) -> Vault:
    """The vault, of a schema that this release can work with. Writes nothing: another release may run beside."""
    if not is_current(connection):
        raise SchemaOld("The database has not the schema of this Karo yet: run `karo migrate` first.")
    wrapped = wrapped_key(connection)
    if wrapped is None:
        raise SchemaOld("The database has no data key yet: run `karo migrate` first.")
    return open_vault(connection, wrapped, keys, rewrap=False)


def _keys(secret_keys: Sequence[str] | None) -> list[str]:
    keys = given(secret_keys)
    if not keys:
        raise KeyMissing(
            "KARO_SECRET_KEY is missing: on PostgreSQL there is no key file beside the database."
        )
    return keys


def _in_words(error: Exception, url: URL) -> StorageError:
    where = f"{url.database or 'postgres'} on {url.host or url.query.get('host') or 'this machine'}"
    if isinstance(error, StorageError):
        return error
    if isinstance(error, VaultError):
        return KeyMissing(str(error))
    if isinstance(error, SchemaUnknown):
        return StorageError(
            f"The database {where} was written by a newer Karo: install that one, or a later one."
        )
    if may_run_again(error):
        return StorageError(
            f"The database {where} is busy: other processes hold its tables; try again later."
        )
    if getattr(getattr(error, "orig", None), "sqlstate", None) is None:  # no session was ever opened
        return StorageError(f"The database {where} cannot be reached: {_said(error)}.")
    return StorageError(f"The database {where} cannot be used: {_said(error)}.")


def _said(error: Exception) -> str:
    """PostgreSQL's own words; they name host, user and database, never the password."""
    lines = str(getattr(error, "orig", None) or error).splitlines()
    told = [line for line in lines if line.strip() and not line.startswith("Multiple connection attempts")]
    words = told[0].rpartition(" failed: ")[2].removeprefix("FATAL:") if told else type(error).__name__
    return words.strip(" .")
