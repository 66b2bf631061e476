"""Moving house: whoever dies on the way repeats it, and at every moment one database at most may be worked with."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from storage import moves
from storage.opening import StorageError
from storage.schema import table_of
from storage.students import Student
from storage.unit import Unit
from tests.bot.services.moving_house import House, PulledPlug, a_house, change, look, pull_the_plug, refusal
from tests.builders import NOON, a_school, a_student
from tests.storage.copying_book import content, opened, something_new

STUDENTS = table_of(Student)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A full file, and a server with nothing on it."""
    with a_house(tmp_path) as house:
        yield house


def test_it_is_killed_again_and_again_and_ends_complete_with_nothing_twice(house: House) -> None:
    before = content(house.old)
    points = random.Random(3)
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


def test_a_move_that_is_done_is_only_told_again(house: House) -> None:
    house.move()
    change(house.new, something_new)
    house.steps.clear()

    moved = house.move()

    assert (moved.rows, moved.at, house.steps) == (None, NOON, [])
    assert house.open_sides() == ["new"]


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
