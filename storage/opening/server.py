"""Opening a PostgreSQL database: `karo migrate` makes schema and key, every other command finds them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import URL, Connection
from sqlalchemy.exc import DatabaseError, OperationalError

from storage.database import READERS, Database
from storage.migrate import SchemaUnknown, is_current, migrate
from storage.opening.errors import KeyMissing, SchemaOld, StorageError
from storage.opening.keys import given, make_vault, open_vault, wrapped_key
from storage.postgres import maintenance_engine, make_engines, postgres_url
from storage.vault import Vault, VaultError

_ONE_AT_A_TIME = 0x6B61726F  #: the advisory lock under which the schema is changed: "karo"


def open_server(url: URL, secret_keys: Sequence[str] | None) -> Database:
    """The database on that server. Raises StorageError, SchemaOld when `karo migrate` has to run first."""
    keys = _keys(secret_keys)
    write_engine, read_engine = make_engines(postgres_url(url), READERS)
    try:
        with read_engine.connect() as connection, connection.begin():
            vault = _find(connection, keys)
        return Database(write_engine, read_engine, vault)
    except (VaultError, SchemaUnknown, DatabaseError, StorageError) as error:
        write_engine.dispose()
        read_engine.dispose()
        raise _in_words(error, url) from error


def bring_up(url: URL, secret_keys: Sequence[str] | None) -> None:
    """Schema and data key, made or brought up to date; one process at a time. Raises StorageError."""
    keys = _keys(secret_keys)
    engine = maintenance_engine(postgres_url(url))
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})")
            migrate(connection)
            wrapped = wrapped_key(connection)
            if wrapped is None:
                make_vault(connection, keys[0])
            else:
                open_vault(connection, wrapped, keys, rewrap=True)
    except (VaultError, SchemaUnknown, DatabaseError) as error:
        raise _in_words(error, url) from error
    finally:
        engine.dispose()


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
        raise KeyMissing("KARO_SECRET_KEY is missing: on PostgreSQL there is no key file beside the database.")
    return keys


def _in_words(error: Exception, url: URL) -> StorageError:
    where = f"{url.database or 'postgres'} on {url.host or url.query.get('host') or 'this machine'}"
    if isinstance(error, StorageError):
        return error
    if isinstance(error, VaultError):
        return KeyMissing(str(error))
    if isinstance(error, SchemaUnknown):
        return StorageError(f"The database {where} was written by a newer Karo: install that one, or a later one.")
    if isinstance(error, OperationalError) and error.connection_invalidated is False:
        return StorageError(f"The database {where} cannot be reached: {_first_line(error)}")
    return StorageError(f"The database {where} cannot be used: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    """PostgreSQL's own words; they name host and user, never the password."""
    text = str(getattr(error, "orig", None) or error).strip()
    return text.splitlines()[0] if text else type(error).__name__
