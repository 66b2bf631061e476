"""Backup and move, round about both engines: every row of every table arrives as it was, and life goes on."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.services import moving
from storage import backup, copying, moves
from storage.opening import open_database
from storage.tables import metadata
from tests.builders import NOON
from tests.databases import MASTER_KEY, drop_postgres, empty_postgres, fresh_sqlite
from tests.storage.copying_book import (
    KEYS,
    LEFT_OUT,
    content,
    fill_every_table,
    opened,
    something_new,
    sqlite_url,
)


def now() -> datetime:
    return NOON


def nobody_watches(_doing: str, _done: int, _total: int) -> None:
    """Progress that is not shown."""


def carry(source: str, target: str) -> moving.Moved:
    """`karo move`, in small batches."""
    with opened(source, exclusive=True) as database:
        return moving.move(
            database,
            KEYS,
            target,
            came_from="the file",
            clock=now,
            progress=nobody_watches,
            batch_rows=7,
        )


def back_up(source: str, file: Path, *, with_key: bool = False) -> list[str]:
    with opened(source) as database:
        return backup.back_up(database, file, KEYS, with_key=with_key, now=now, progress=nobody_watches)


@pytest.fixture
def server() -> Iterator[str]:
    """The URL of a PostgreSQL database with nothing in it."""
    url = empty_postgres()
    yield url
    drop_postgres(url)


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A full SQLite database."""
    url = fresh_sqlite(tmp_path)
    with opened(url) as database:
        asyncio.run(database.write(fill_every_table))
    return url


def ids_go_on(url: str) -> bool:
    """New rows get ids that nobody had, and are found again."""
    before = content(url)
    with opened(url) as database:
        made = asyncio.run(database.write(something_new))
    tables = ("guardians", "students", "payments", "chats", "outbox_messages")
    had = [{row[0] for row in before[table]} for table in tables]
    return all(number not in known for number, known in zip(made, had, strict=True))


def sound(url: str) -> bool:
    with opened(url) as database, copying.held(database, writing=False) as unit:
        return copying.broken(unit, NOON) == []


def test_the_book_of_these_tests_has_rows_in_every_table(source: str) -> None:
    held = content(source)
    assert set(held) == {table.name for table in metadata().sorted_tables} - LEFT_OUT
    assert [name for name, rows in held.items() if not rows] == []


def test_a_move_carries_every_row_and_new_ones_get_fresh_ids(source: str, server: str) -> None:
    before = content(source)

    moved = carry(source, server)

    assert content(server) == before == content(source)
    assert moved.rows == sum(map(len, before.values()))
    assert sound(server)
    assert ids_go_on(server)


def test_phones_are_read_with_the_same_master_key(source: str, server: str) -> None:
    carry(source, server)
    with opened(source) as one, opened(server) as other:
        assert one.vault.data_key == other.vault.data_key


def test_a_backup_of_a_file_takes_its_place(source: str, tmp_path: Path) -> None:
    before = content(source)
    file = tmp_path / "backup.db"

    assert back_up(source, file) == []

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.glob("backup*")) == ["backup.db"]
    lost = tmp_path / "karo.db"
    for path in tmp_path.glob("karo.db*"):
        path.unlink()
    file.rename(lost)
    assert content(sqlite_url(lost)) == before
    assert sound(sqlite_url(lost))
    assert ids_go_on(sqlite_url(lost))


def test_a_backup_of_a_server_goes_back_into_an_empty_one(source: str, server: str, tmp_path: Path) -> None:
    carry(source, server)
    with opened(server) as database:
        asyncio.run(database.write(something_new))
    before, file = content(server), tmp_path / "backup.db"

    assert back_up(server, file) == []

    assert content(sqlite_url(file)) == before
    restored = empty_postgres()
    try:
        carry(sqlite_url(file), restored)
        assert content(restored) == before
        assert sound(restored)
        assert ids_go_on(restored)
    finally:
        drop_postgres(restored)


def test_a_backup_of_a_server_serves_as_an_office_machines_file(
    source: str, server: str, tmp_path: Path
) -> None:
    carry(source, server)
    file = tmp_path / "backup.db"

    back_up(server, file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with opened(sqlite_url(file), exclusive=True) as database, copying.held(database, writing=False) as unit:
        assert moves.refusal(unit) is None
    assert ids_go_on(sqlite_url(file))


def test_whoever_writes_meanwhile_is_not_held_up_and_not_in_the_backup(source: str, tmp_path: Path) -> None:
    before, file, written = content(source), tmp_path / "backup.db", 0
    with opened(source) as busy, opened(source) as database:

        def write_between(doing: str, done: int, total: int) -> None:
            nonlocal written
            if done < total and written < 3:
                asyncio.run(busy.write(something_new))
                written += 1

        backup.back_up(database, file, KEYS, with_key=False, now=now, progress=write_between)

    assert written == 3
    assert content(sqlite_url(file)) == before != content(source)


def test_a_server_is_written_to_while_it_is_backed_up(source: str, server: str, tmp_path: Path) -> None:
    carry(source, server)
    before, file, written = content(server), tmp_path / "backup.db", 0
    with opened(server) as busy, opened(server) as database:

        def write_between(doing: str, _done: int, _total: int) -> None:
            nonlocal written
            if doing.startswith("Copying") and written < 3:
                asyncio.run(busy.write(something_new))
                written += 1

        backup.back_up(database, file, KEYS, with_key=False, now=now, progress=write_between)

    assert written == 3
    assert content(sqlite_url(file)) == before != content(server)


def test_the_key_is_written_beside_only_when_asked_for(source: str, tmp_path: Path) -> None:
    back_up(source, tmp_path / "one.db")
    back_up(source, tmp_path / "two.db", with_key=True)

    assert not (tmp_path / "one.db.key").exists()
    key_file = tmp_path / "two.db.key"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert key_file.read_text() == MASTER_KEY + "\n"
    open_database(sqlite_url(tmp_path / "two.db"), None).close()


@pytest.mark.parametrize("taken", ["backup.db", "backup.db.key"])
def test_a_file_that_is_there_is_never_written_over(source: str, tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("precious")
    with pytest.raises(copying.CopyRefused, match="give the backup a new name"):
        back_up(source, tmp_path / "backup.db", with_key=True)
    assert (tmp_path / taken).read_text() == "precious"
    assert len(list(tmp_path.glob("backup*"))) == 1


def test_a_folder_that_is_not_there_is_said(source: str, tmp_path: Path) -> None:
    with pytest.raises(copying.CopyRefused, match="does not exist: no backup was made"):
        back_up(source, tmp_path / "nowhere" / "backup.db")


def test_a_broken_book_is_backed_up_all_the_same_and_said(source: str, tmp_path: Path) -> None:
    with opened(source) as database, copying.held(database, writing=True) as unit:
        unit.core.exec_driver_sql("UPDATE ledger_lines SET amount_cents = 7 WHERE id = 1")
    assert any("does not balance" in line for line in back_up(source, tmp_path / "backup.db"))
    assert content(sqlite_url(tmp_path / "backup.db")) == content(source)


def test_a_damaged_file_gives_no_backup(source: str, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "karo.db") as raw:
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("UPDATE payments SET chat_id = 999 WHERE id = 1")
    raw.close()
    with pytest.raises(copying.NotSound) as refused:
        back_up(source, tmp_path / "backup.db")
    assert refused.value.problems == ("A row of payments leads to a row of chats that is not there.",)
    assert list(tmp_path.glob("backup*")) == []


def test_what_fell_due_while_nothing_ran_is_no_broken_rule(source: str) -> None:
    with opened(source) as database, copying.held(database, writing=False) as unit:
        assert copying.broken(unit, datetime(2027, 1, 1, tzinfo=UTC)) == []
