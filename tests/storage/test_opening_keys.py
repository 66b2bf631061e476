"""The master key is rotated on both engines: "new,old", then migrate, then "new" alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from storage.database import Database
from storage.opening import KeyMissing, migrate_database, open_database
from storage.opening.keys import wrapped_key
from storage.people import find_guardian_by_phone
from storage.unit import Unit
from storage.vault import new_master_key
from tests.builders import PHONE, a_guardian_with_children, a_school
from tests.databases import MASTER_KEY
from tests.storage.conftest import OpenAgain

T = TypeVar("T")
NEW = new_master_key()


def keep_a_guardian(unit: Unit) -> None:
    a_guardian_with_children(unit, a_school(unit), phone=PHONE)


def known_phone(unit: Unit) -> str | None:
    """The phone as it is kept, found by its hash alone."""
    guardian = find_guardian_by_phone(unit, 1, PHONE)
    return None if guardian is None else unit.vault.open_text(guardian.phone_enc)


def read(database: Database, look: Callable[[Unit], T]) -> T:
    return asyncio.run(database.read(look))


def stored(unit: Unit) -> bytes | None:
    return wrapped_key(unit.core)


def test_after_a_rotation_the_new_key_alone_opens_and_finds_what_was_kept(
    url: str, database: Database
) -> None:
    asyncio.run(database.write(keep_a_guardian))
    migrate_database(url, [NEW, MASTER_KEY])

    rotated = open_database(url, [NEW])
    assert read(rotated, known_phone) == PHONE
    rotated.close()
    with pytest.raises(KeyMissing, match="None of the given master keys") as refused:
        open_database(url, [MASTER_KEY])
    assert MASTER_KEY not in str(refused.value)


def test_who_runs_with_the_old_key_goes_on(url: str, database: Database) -> None:
    migrate_database(url, [NEW, MASTER_KEY])

    asyncio.run(database.write(keep_a_guardian))

    assert read(database, known_phone) == PHONE
    rotated = open_database(url, [NEW])
    assert read(rotated, known_phone) == PHONE
    rotated.close()


def test_a_rotation_that_is_done_twice_is_done_once(url: str, open_again: OpenAgain) -> None:
    migrate_database(url, [NEW, MASTER_KEY])
    both = open_database(url, [NEW, MASTER_KEY])
    before = read(both, stored)
    migrate_database(url, [NEW, MASTER_KEY])
    assert read(both, stored) == before
    both.close()
    with pytest.raises(KeyMissing):
        open_again()


def test_a_server_is_opened_with_any_of_the_keys_and_only_migrate_rewraps(
    url: str, database: Database
) -> None:
    """On SQLite every command that opens the file re-wraps: nobody there runs `karo migrate`."""
    before = read(database, stored)
    for keys in ([NEW, MASTER_KEY], [MASTER_KEY, NEW]):
        opened = open_database(url, keys)
        assert (read(opened, stored) == before) is database.shared
        opened.close()


def test_a_rotation_without_the_old_key_is_refused_and_changes_nothing(url: str, database: Database) -> None:
    before = read(database, stored)
    with pytest.raises(KeyMissing, match="None of the given master keys"):
        migrate_database(url, [NEW])
    assert read(database, stored) == before
