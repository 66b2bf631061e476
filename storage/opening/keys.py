"""The stored data key: made once, opened with a master key, wrapped anew when the master key is rotated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, select, update

from storage.schema import table_of
from storage.schools import DataKey
from storage.vault import Vault, new_data_key, unwrap

_KEYS = table_of(DataKey)


def given(secret_keys: Sequence[str] | None) -> list[str]:
    """The master keys that are not blank."""
    return [key for key in secret_keys or () if key.strip()]


def wrapped_key(connection: Connection) -> bytes | None:
    """The data key as it is stored; None before there is one."""
    return connection.execute(select(_KEYS.c.wrapped).where(_KEYS.c.id == 1)).scalar_one_or_none()


def make_vault(connection: Connection, master_key: str) -> Vault:
    """A new data key, stored under that master key. Raises VaultError."""
    vault = Vault(new_data_key())
    values = {"id": 1, "wrapped": vault.wrapped(master_key), "created_at": datetime.now(UTC)}
    connection.execute(_KEYS.insert().values(values))
    return vault


def open_vault(connection: Connection, wrapped: bytes, keys: Sequence[str], *, rewrap: bool) -> Vault:
    """The vault, opened by whichever key fits; `rewrap`: stored under the first one from now on. Raises VaultError."""
    vault, is_old = unwrap(wrapped, keys)
    if is_old and rewrap:
        connection.execute(update(_KEYS).where(_KEYS.c.id == 1).values(wrapped=vault.wrapped(keys[0])))
    return vault
