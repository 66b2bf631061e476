"""What is refused: a move that could spoil a database, or leave two to work with."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import backup, copying, moves
from storage.opening import DatabaseInUse, migrate_database
from storage.unit import Unit
from storage.vault import new_master_key
from tests.bot.services.moving_house import House, PulledPlug, a_house, change, look, pull_the_plug, refusal
from tests.builders import NOON, a_school
from tests.databases import drop_postgres, empty_postgres
from tests.storage.copying_book import KEYS, content, fill_every_table, opened, something_new, sqlite_url


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A full file, and a server with nothing on it."""
    with a_house(tmp_path) as house:
        yield house


def test_it_does_not_begin_while_karo_runs(house: House) -> None:
    with opened(house.old, exclusive=True), pytest.raises(DatabaseInUse, match="runs on"):
        house.move()


def test_a_broken_book_is_not_moved(house: House) -> None:
    change(
        house.old, lambda unit: unit.core.exec_driver_sql("UPDATE ledger_lines SET amount_cents = 7").rowcount
    )
    with pytest.raises(copying.NotSound, match="did not begin") as refused:
        house.move()
    assert any("does not balance" in line for line in refused.value.problems)
    migrate_database(house.new, KEYS)
    assert look(house.new, moves.moved_from) is None


def spoil(unit: Unit) -> None:
    unit.core.exec_driver_sql("UPDATE students SET name = 'X' WHERE id = 1")
    unit.core.exec_driver_sql("DELETE FROM audit_records")


def test_a_copy_that_is_not_the_same_is_never_opened(house: House) -> None:
    migrate_database(house.new, KEYS)
    with opened(house.new) as meddler:

        def meddle(doing: str) -> None:
            if doing == "Copying receipts":
                asyncio.run(meddler.write(spoil))

        with pytest.raises(copying.NotSound, match="Work on with this one") as refused:
            house.move(at=meddle)

    assert refused.value.problems == (
        "audit_records: 1 rows here, 0 in the copy.",
        "students: the same number of rows, but other content.",
    )
    assert house.open_sides() == ["old"]


def test_a_database_with_rows_of_its_own_is_left_alone(house: House) -> None:
    migrate_database(house.new, KEYS)
    change(house.new, a_school)
    before = content(house.new)
    with pytest.raises(
        copying.CopyRefused, match=r"holds rows already \(schools\)\. Nothing was changed there"
    ):
        house.move()
    assert content(house.new) == before


def test_a_database_that_another_school_moves_into_is_left_alone(house: House, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = House(f"sqlite:///{tmp_path / 'other' / 'karo.db'}", house.new)
    migrate_database(other.old, KEYS)
    change(other.old, fill_every_table)
    with pytest.raises(PulledPlug):
        other.move(at=pull_the_plug("Copying receipts"))
    with pytest.raises(copying.CopyRefused, match="is filled from another database"):
        house.move()
    other.move()
    assert content(house.new) == content(other.old)


def test_a_database_under_another_master_key_is_left_alone(house: House) -> None:
    migrate_database(house.new, [new_master_key()])
    with pytest.raises(copying.CopyRefused, match="another KARO_SECRET_KEY"):
        house.move()


def test_what_was_moved_goes_nowhere_else_unless_that_is_meant(house: House) -> None:
    house.move()
    elsewhere = empty_postgres()
    try:
        with pytest.raises(copying.CopyRefused, match="add --again"):
            house.move(to=elsewhere)
        house.move(to=elsewhere, again=True)
        assert content(elsewhere) == content(house.old)
        assert refusal(elsewhere) is None
    finally:
        drop_postgres(elsewhere)


def test_two_moves_into_one_database_do_not_mix(house: House, tmp_path: Path) -> None:
    twin = House(sqlite_url(tmp_path / "twin.db"), house.new)
    shutil.copyfile(tmp_path / "karo.db", tmp_path / "twin.db")

    def overtake(doing: str) -> None:
        if doing == "Copying receipts":
            twin.move()

    with pytest.raises(copying.CopyRefused, match="Another `karo move` fills the same database"):
        house.move(at=overtake)

    assert content(house.new) == content(twin.old)
    assert refusal(house.new) is None


def test_a_server_that_is_not_whole_yet_gives_no_backup(house: House, tmp_path: Path) -> None:
    with pytest.raises(PulledPlug):
        house.move(at=pull_the_plug("Copying receipts"))
    with opened(house.new) as half, pytest.raises(copying.CopyRefused, match="is not whole yet"):
        backup.back_up(
            half,
            tmp_path / "backup.db",
            KEYS,
            with_key=False,
            now=lambda: NOON,
            progress=lambda _doing, _done, _total: None,
        )


def test_an_older_copy_of_the_file_does_not_go_over_a_server_that_is_in_use(
    house: House, tmp_path: Path
) -> None:
    older = tmp_path / "older.db"
    shutil.copyfile(tmp_path / "karo.db", older)
    house.move()
    change(house.new, something_new)
    before = content(house.new)
    with pytest.raises(copying.CopyRefused, match="holds this very database already"):
        House(sqlite_url(older), house.new).move()
    assert content(house.new) == before
