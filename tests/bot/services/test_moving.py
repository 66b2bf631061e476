"""Moving house: whoever dies on the way repeats it, and at every moment one database at most may be worked with."""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.services import moving
from storage import copying, moves
from storage.opening import DatabaseInUse, StorageError, migrate_database, open_database
from storage.schema import table_of
from storage.students import Student
from storage.unit import Unit
from storage.vault import new_master_key
from tests.builders import NOON, a_school, a_student
from tests.databases import MASTER_KEY, drop_postgres, empty_postgres, fresh_sqlite
from tests.storage.copying_book import (
    KEYS,
    Content,
    content,
    fill_every_table,
    opened,
    something_new,
    sqlite_url,
)

STUDENTS = table_of(Student)
#: A process that kills itself when it has done so many steps, or when it comes to the step of that name.
KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from bot.services import moving
from storage.opening import open_database

url, to, key, end = sys.argv[1:]
steps = 0

def progress(doing, done, total):
    global steps
    steps += 1
    if end in (doing, str(steps)):
        os.kill(os.getpid(), signal.SIGKILL)

source = open_database(url, [key], exclusive=True)
moving.move(source, [key], to, came_from="the file", clock=lambda: datetime.now(UTC), progress=progress, batch_rows=7)
source.close()
"""


class PulledPlug(Exception):
    """The test ends a move here."""


@dataclass
class House:
    """The old file and the new server."""

    old: str
    new: str
    steps: list[str] = field(default_factory=list)

    def move(
        self, *, at: Callable[[str], object] = lambda _doing: None, again: bool = False, to: str | None = None
    ) -> moving.Moved:
        """`karo move`, calling `at` at every step."""

        def progress(doing: str, _done: int, _total: int) -> None:
            self.steps.append(doing)
            at(doing)

        with opened(self.old, exclusive=True) as source:
            return moving.move(
                source,
                KEYS,
                to or self.new,
                came_from="the file",
                clock=lambda: NOON,
                progress=progress,
                again=again,
                batch_rows=7,
            )

    def killed(self, end: str) -> None:
        """`karo move` in a process of its own, killed at a step."""
        ended = subprocess.run(
            [sys.executable, "-c", KILLED, self.old, self.new, MASTER_KEY, end],
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == -signal.SIGKILL, ended.stderr

    def open_sides(self) -> list[str]:
        """Which of the two may be worked with."""
        return [name for name, url in (("old", self.old), ("new", self.new)) if refusal(url) is None]


def look(url: str, fn: Callable[[Unit], object]) -> object:
    with opened(url) as database, copying.held(database, writing=False) as unit:
        return fn(unit)


def refusal(url: str) -> object:
    return look(url, moves.refusal)


def change(url: str, fn: Callable[[Unit], object]) -> None:
    with opened(url) as database:
        asyncio.run(database.write(fn))


def pull_the_plug(when: str, skip: int = 0) -> Callable[[str], None]:
    """Ends the move the first time that it comes to this step, after so many."""
    seen = 0

    def at(doing: str) -> None:
        nonlocal seen
        seen += doing.startswith(when)
        if seen > skip and doing.startswith(when):
            raise PulledPlug

    return at


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A full file, and a server with nothing on it."""
    house = House(fresh_sqlite(tmp_path), empty_postgres())
    change(house.old, fill_every_table)
    yield house
    drop_postgres(house.new)


def test_it_is_killed_again_and_again_and_ends_complete_with_nothing_twice(house: House) -> None:
    before = content(house.old)
    points = random.Random(3)
    for _ in range(3):
        house.killed(str(points.randint(2, 60)))
        assert house.open_sides() == ["old"]
    house.killed("Closing the original")
    assert house.open_sides() == ["old"]
    house.killed("Opening the copy")
    assert house.open_sides() == []
    house.killed("Noting where it went")
    assert house.open_sides() == ["new"]

    moved = house.move()

    assert moved.resumed
    assert content(house.new) == before == content(house.old)
    assert house.open_sides() == ["new"]
    change(house.new, something_new)


def test_what_was_copied_is_not_copied_again(house: House) -> None:
    with pytest.raises(PulledPlug):
        house.move(at=pull_the_plug("Copying receipts"))
    house.steps.clear()

    moved = house.move()

    assert (moved.resumed, moved.anew) == (True, False)
    assert "Copying guardians" not in house.steps
    assert "Copying staff_invites" in house.steps


def test_children_who_came_between_two_tries_are_carried_too(house: House) -> None:
    with pytest.raises(PulledPlug):
        house.move(at=pull_the_plug("Copying receipts"))
    change(house.old, lambda unit: a_student(unit, a_school(unit)).id)

    moved = house.move()

    assert not moved.anew
    assert content(house.new) == content(house.old)


def test_a_book_that_changed_between_two_tries_is_copied_anew(house: House) -> None:
    with pytest.raises(PulledPlug):
        house.move(at=pull_the_plug("Copying receipts"))
    change(house.old, lambda unit: unit.core.execute(update(STUDENTS).values(name="Zawadi")).rowcount)

    moved = house.move()

    assert moved.anew
    assert content(house.new) == content(house.old)


def test_nobody_writes_to_the_file_meanwhile(house: House) -> None:
    tried: list[type[BaseException]] = []

    def write(doing: str) -> None:
        if doing == "Checking the copy":
            with pytest.raises(StorageError) as refused, opened(house.old):
                pass
            tried.append(type(refused.value))

    house.move(at=write)

    assert tried == [StorageError]


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


def test_a_copy_that_is_not_the_same_is_never_opened(house: House) -> None:
    migrate_database(house.new, KEYS)
    with open_database(house.new, KEYS).write_engine.connect() as meddler:

        def meddle(doing: str) -> None:
            if doing == "Copying receipts":
                meddler.exec_driver_sql("UPDATE students SET name = 'X' WHERE id = 1")
                meddler.exec_driver_sql("DELETE FROM audit_records")
                meddler.commit()

        with pytest.raises(copying.NotSound, match="Work on with this one") as refused:
            house.move(at=meddle)

    assert refused.value.problems == (
        "audit_records: 1 rows here, 0 in the copy.",
        "students: the same number of rows, but other content.",
    )
    assert house.open_sides() == ["old"]


def test_a_database_with_rows_of_its_own_is_left_alone(house: House) -> None:
    migrate_database(house.new, KEYS)
    change(house.new, lambda unit: a_school(unit))
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


def test_a_move_that_is_done_is_only_told_again(house: House) -> None:
    house.move()
    change(house.new, something_new)
    house.steps.clear()

    moved = house.move()

    assert (moved.rows, moved.at, house.steps) == (None, NOON, [])
    assert house.open_sides() == ["new"]


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


def test_an_older_copy_of_the_file_does_not_go_over_a_server_that_is_in_use(
    house: House, tmp_path: Path
) -> None:
    older = tmp_path / "older.db"
    shutil.copyfile(tmp_path / "karo.db", older)
    house.move()
    change(house.new, something_new)
    before: Content = content(house.new)
    with pytest.raises(copying.CopyRefused, match="holds this very database already"):
        House(sqlite_url(older), house.new).move()
    assert content(house.new) == before


def test_the_file_says_where_everything_went_and_can_still_be_read(house: House) -> None:
    house.move()
    said = str(refusal(house.old))
    assert said.startswith(f"This database was moved to the {moves.place(house.new)} on 2026-11-22")
    assert content(house.old) == content(house.new)


def test_the_servers_password_is_nowhere(house: House) -> None:
    before, mark, after = house.new.partition("://postgres:")
    secret = f"{before}{mark}siri-kubwa{after}"
    house.move(to=secret)

    def everything(unit: Unit) -> str:
        return repr(unit.core.execute(moves.MOVES.select()).all())

    for url in (house.old, house.new):
        assert "siri" not in str(look(url, everything))
        assert "siri" not in f"{refusal(url)}"
