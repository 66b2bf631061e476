"""Opening a database: its key, its lock, and the sentences in which it is refused."""

from __future__ import annotations

import asyncio
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.database import Database
from storage.opening import DatabaseInUse, KeyMissing, StorageError, open_database
from storage.people import find_guardian_by_phone
from storage.vault import new_master_key
from tests.builders import PHONE, a_guardian_with_children, a_school
from tests.databases import MASTER_KEY


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database will be."""
    return tmp_path / "karo.db"


def opened(file: Path, *keys: str, exclusive: bool = False) -> Database:
    """Opens it; without keys by the key file."""
    return open_database(f"sqlite:///{file}", keys or None, exclusive=exclusive)


def keep_a_guardian(database: Database) -> None:
    """Something that is found by a keyed hash only."""
    asyncio.run(
        database.write(lambda unit: a_guardian_with_children(unit, a_school(unit), phone=PHONE).phone)
    )


def finds_the_guardian(database: Database) -> bool:
    """Whether the hash key is still the same."""
    return asyncio.run(database.read(lambda unit: find_guardian_by_phone(unit, 1, PHONE))) is not None


def test_a_new_database_makes_its_key_for_its_owner_alone(file: Path) -> None:
    opened(file).close()
    key_file = file.with_name("karo.db.key")
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert len(key_file.read_text().strip()) == 43
    assert sorted(path.name for path in file.parent.iterdir()) == ["karo.db", "karo.db.key"]


def test_the_key_file_opens_it_again(file: Path) -> None:
    database = opened(file)
    keep_a_guardian(database)
    database.close()
    database = opened(file)
    assert finds_the_guardian(database)
    database.close()


def test_without_its_key_it_is_not_opened_and_no_new_key_is_made(file: Path) -> None:
    opened(file).close()
    key_file = file.with_name("karo.db.key")
    key_file.rename(file.with_name("elsewhere"))
    with pytest.raises(KeyMissing, match="copy both together"):
        opened(file)
    assert not key_file.exists()


def spoil_with_other_letters(key_file: Path) -> None:
    key_file.write_text("ufunguo — wa shule", encoding="utf-8")


def spoil_with_bytes(key_file: Path) -> None:
    key_file.write_bytes(bytes(range(128, 256)))


def spoil_with_nothing(key_file: Path) -> None:
    key_file.write_text("")


def spoil_with_a_folder(key_file: Path) -> None:
    key_file.unlink()
    key_file.mkdir()


@pytest.mark.parametrize(
    "spoil", [spoil_with_other_letters, spoil_with_bytes, spoil_with_nothing, spoil_with_a_folder]
)
def test_a_spoilt_key_file_is_said_in_one_sentence(file: Path, spoil: Callable[[Path], None]) -> None:
    opened(file).close()
    spoil(file.with_name("karo.db.key"))
    with pytest.raises(KeyMissing) as refused:
        opened(file, exclusive=True)
    assert str(refused.value).count("\n") == 0
    with pytest.raises(KeyMissing):  # and the lock was let go
        opened(file, exclusive=True)


def test_a_database_that_is_made_is_for_its_owner_alone(file: Path) -> None:
    database = opened(file)
    keep_a_guardian(database)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.glob("karo.db*")}
    database.close()
    assert modes == dict.fromkeys(("karo.db", "karo.db-wal", "karo.db-shm", "karo.db.key"), 0o600)


def test_a_database_that_is_there_keeps_its_mode(file: Path) -> None:
    opened(file).close()
    file.chmod(0o640)
    opened(file).close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_database_behind_a_link_is_made_where_the_link_leads(file: Path) -> None:
    (file.parent / "disk").mkdir()
    file.symlink_to(file.parent / "disk" / "real.db")
    opened(file, MASTER_KEY).close()
    assert stat.S_IMODE((file.parent / "disk" / "real.db").stat().st_mode) == 0o600
    assert [path.name for path in (file.parent / "disk").iterdir()] == ["real.db"]


def test_a_wrong_master_key_is_said_in_words(file: Path) -> None:
    opened(file, MASTER_KEY).close()
    with pytest.raises(KeyMissing, match="None of the given master keys"):
        opened(file, new_master_key())


def test_a_master_key_is_rotated_without_losing_a_look_up(file: Path) -> None:
    old, new = new_master_key(), new_master_key()
    database = opened(file, old)
    keep_a_guardian(database)
    database.close()
    opened(file, new, old).close()
    database = opened(file, new)
    assert finds_the_guardian(database)
    database.close()
    with pytest.raises(KeyMissing):
        opened(file, old)


def test_phones_are_not_in_the_file(file: Path) -> None:
    database = opened(file)
    keep_a_guardian(database)
    database.close()
    assert PHONE.encode() not in file.read_bytes()
    assert PHONE[3:].encode() not in file.read_bytes()


def test_only_one_runs_on_it_while_others_read_and_write(file: Path) -> None:
    first = opened(file, exclusive=True)
    with pytest.raises(DatabaseInUse, match="runs on"):
        opened(file, exclusive=True)
    beside = opened(file)
    keep_a_guardian(beside)
    beside.close()
    first.close()
    opened(file, exclusive=True).close()


def test_a_refused_opening_lets_go_of_the_lock(file: Path) -> None:
    opened(file, MASTER_KEY).close()
    with pytest.raises(KeyMissing):
        opened(file, new_master_key(), exclusive=True)
    opened(file, MASTER_KEY, exclusive=True).close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://localhost/karo", "SQLite or PostgreSQL"),
        ("sqlite://", "must be a file"),
        ("sqlite:///:memory:", "must be a file"),
        ("karo.db", "no database URL"),
        ("sqlite:////no/such/folder/karo.db", "does not exist"),
    ],
)
def test_what_cannot_be_opened_is_refused_in_one_sentence(url: str, words: str) -> None:
    with pytest.raises(StorageError, match=words):
        open_database(url, [MASTER_KEY])


def test_another_kind_of_file_is_refused(file: Path) -> None:
    file.write_text("admission_number,student_name\n" * 200)
    with pytest.raises(StorageError, match="cannot be opened"):
        opened(file)


def test_many_may_open_a_new_database_at_the_same_moment(file: Path) -> None:
    databases: list[Database] = []
    threads = [threading.Thread(target=lambda: databases.append(opened(file))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(databases) == 6
    assert len({database.vault.hash("phone", "1") for database in databases}) == 1
    for database in databases:
        database.close()


def test_the_file_is_safe_against_power_loss(file: Path) -> None:
    database = opened(file)
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    found = asyncio.run(
        database.write(
            lambda unit: [unit.core.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]
        )
    )
    assert found == ["wal", 2, 1, 5000]
    database.close()
