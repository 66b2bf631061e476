"""`karo import students` and `karo staff`: lists come in whole or not at all, links work once."""

from __future__ import annotations

import asyncio
import re

import pytest

from bot.playground.botapi import BotApiServer
from storage import imports, people, schools
from storage.unit import Unit
from tests.bot.cli.desk import COMPLETE, HEADER, STUDENTS, Desk


def children(unit: Unit) -> list[str]:
    """The admission numbers in the books of the one school."""
    school = schools.first(unit)
    assert school is not None
    return sorted(child.admission_number for child in imports.school_list(unit, school.id).children)


def staff_names(unit: Unit) -> list[str]:
    school = schools.first(unit)
    assert school is not None
    return [member.name for member in people.staff_list(unit, school.id)]


def test_a_good_list_comes_in_and_the_same_again_changes_nothing(desk: Desk) -> None:
    name = desk.file("students.csv", STUDENTS)

    first, again = desk.karo("import", "students", name), desk.karo("import", "students", name)

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "students.csv: 2 children read. Done:" in first.stdout
    assert "2 opening balances posted, KES 43,250" in first.stdout
    assert "nothing changes" in again.stdout
    assert desk.books(children) == ["ADM/0977/22", "ADM/1042/24"]


def test_a_dry_run_says_what_it_would_do_and_does_nothing(desk: Desk) -> None:
    result = desk.karo("import", "students", desk.file("students.csv", STUDENTS), "--dry-run")

    assert result.exit_code == 0
    assert "Dry run: nothing was changed." in result.stdout
    assert "ADM/1042/24 Amina Wanjiru, Grade 6 East" in result.stdout
    assert desk.books(children) == []


def test_a_bad_list_is_refused_whole_with_every_line_and_reason(desk: Desk) -> None:
    bad = (
        STUDENTS
        + "ADM/0977/22,Twice Otieno,Grade 1,Peter Otieno,0700 000 103,0\nADM/1,Zuhura,Grade 1,Zena,07,0\n"
    )

    result = desk.karo("import", "students", desk.file("students.csv", bad))

    assert result.exit_code == 1
    assert "students.csv was refused: nothing was changed. 2 problems:" in result.stdout
    assert re.search(r"line 4: .*ADM/0977/22", result.stdout)
    assert re.search(r"line 5: .*phone", result.stdout)
    assert desk.books(children) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (STUDENTS.replace("class_name", "klass").encode(), "line 1: the column class_name is missing"),
        (HEADER.encode(), "the file names its columns but holds no child"),
        (
            (HEADER + "1,Zo\u00eb,Grade 1,Mary,0700000101,0\n").encode("latin-1"),
            "line 2: byte 0xEB is not UTF-8",
        ),
        (STUDENTS.encode("utf-16"), "the file is UTF-16"),
    ],
    ids=["no column", "no child", "Latin-1", "UTF-16"],
)
def test_a_file_that_is_no_such_list_is_refused_in_words(desk: Desk, content: bytes, said: str) -> None:
    (desk.folder / "students.csv").write_bytes(content)

    result = desk.karo("import", "students", "students.csv")

    assert result.exit_code == 1
    assert said in result.stdout
    assert desk.books(children) == []


def test_a_file_that_is_not_there_is_a_mistake_of_the_command(desk: Desk) -> None:
    result = desk.karo("import", "students", "nowhere.csv")

    assert result.exit_code == 2
    assert "nowhere.csv" in result.stderr


def test_a_list_with_brackets_in_it_is_shown_as_it_is(desk: Desk) -> None:
    name = desk.file("students.csv", STUDENTS.replace("Grade 8 East", "Grade 8 [/East]"))

    assert "Grade 8 [/East]" in desk.karo("import", "students", name).stdout


async def test_a_new_member_gets_a_link_into_the_chat(desk: Desk) -> None:
    async with BotApiServer() as telegram:
        desk.settings = COMPLETE | {"TELEGRAM_API_URL": telegram.url}
        result = await asyncio.to_thread(
            desk.karo, "staff", "add", "--name", "Head teacher", "--role", "admin"
        )

    assert result.exit_code == 0
    assert "Send this to Head teacher" in result.stdout
    assert re.search(
        r"^https://t\.me/karo_playground_bot\?start=[A-Za-z0-9_-]{24}$", result.stdout, re.MULTILINE
    )


@pytest.mark.parametrize("settings", [{}, COMPLETE | {"TELEGRAM_API_URL": "http://127.0.0.1:9"}])
def test_without_telegram_a_new_member_gets_a_line_to_send(desk: Desk, settings: dict[str, str]) -> None:
    desk.settings = settings

    result = desk.karo("staff", "add", "--name", "Bursar", "--role", "staff")

    assert result.exit_code == 0
    assert re.search(r"^/start [A-Za-z0-9_-]{24}$", result.stdout, re.MULTILINE)


def test_members_are_listed_and_removed(desk: Desk) -> None:
    for name, role in (("Bursar", "staff"), ("Head [of all]", "admin")):
        desk.karo("staff", "add", "--name", name, "--role", role)

    listed = desk.karo("staff", "list").stdout
    assert re.search(r"1 .*Bursar .*staff .*not yet", listed)
    assert re.search(r"2 .*Head \[of all\] .*admin .*not yet", listed)
    assert desk.karo("staff", "remove", "1").exit_code == 0
    assert desk.books(staff_names) == ["Head [of all]"]
    assert "Bursar" not in desk.karo("staff", "list").stdout


def test_nobody_is_removed_who_is_not_there(desk: Desk) -> None:
    result = desk.karo("staff", "remove", "7")

    assert result.exit_code == 2
    assert "there is no staff member number 7" in result.stderr


def test_a_role_that_does_not_exist_is_refused(desk: Desk) -> None:
    result = desk.karo("staff", "add", "--name", "Bursar", "--role", "king")

    assert result.exit_code == 2
    assert "'staff', 'admin'" in result.stderr
