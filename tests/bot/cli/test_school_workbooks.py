"""`karo import students` with an Excel workbook: the same words and the same books as with CSV."""

from __future__ import annotations

import csv
import io
import re

from bot.services.tables import MAX_BYTES
from storage import imports, schools
from storage.unit import Unit
from tests.bot.cli.desk import STUDENTS, Desk
from tests.bot.services.workbooks import book_of, saved

SHEET = " (sheet 'Form 1')"


def children(unit: Unit) -> list[str]:
    """The admission numbers in the books of the one school."""
    school = schools.first(unit)
    assert school is not None
    return sorted(child.admission_number for child in imports.school_list(unit, school.id).children)


def put(desk: Desk, name: str, text: str) -> str:
    """The list as a workbook of that name in the folder."""
    rows = [("Uhuru Academy",), *map(tuple, csv.reader(io.StringIO(text)))]
    (desk.folder / name).write_bytes(saved(book_of(rows, "Form 1")))
    return name


def test_a_workbook_says_and_does_what_the_same_csv_does(desk: Desk) -> None:
    from_csv = desk.karo("import", "students", desk.file("list", STUDENTS), "--dry-run")
    dry = desk.karo("import", "students", put(desk, "list", STUDENTS), "--dry-run")

    assert (from_csv.exit_code, dry.exit_code) == (0, 0)
    assert dry.stdout.replace(SHEET, "") == from_csv.stdout
    assert f"list{SHEET}: 2 children read. Dry run: nothing was changed." in dry.stdout
    assert desk.books(children) == []

    done, again = (desk.karo("import", "students", "list") for _ in range(2))

    assert (done.exit_code, again.exit_code) == (0, 0)
    assert "2 opening balances posted, KES 43,250" in done.stdout
    assert "nothing changes" in again.stdout
    assert desk.books(children) == ["ADM/0977/22", "ADM/1042/24"]


def test_a_bad_workbook_is_refused_whole_with_sheet_line_and_reason(desk: Desk) -> None:
    name = put(desk, "students.xlsx", STUDENTS + "ADM/1,Zuhura,Grade 1,Zena,07,0\n")

    result = desk.karo("import", "students", name)

    assert result.exit_code == 1
    assert "students.xlsx (sheet 'Form 1') was refused: nothing was changed. 1 problem:" in result.stdout
    assert re.search(r"line 5: the phone of guardian is too short", result.stdout)
    assert desk.books(children) == []


def test_a_file_beyond_any_list_is_refused_without_reading_it_all(desk: Desk) -> None:
    with (desk.folder / "film.xlsx").open("wb") as film:
        film.truncate(MAX_BYTES * 1_000)

    result = desk.karo("import", "students", "film.xlsx")

    assert result.exit_code == 1
    assert "the file is larger than 10 MB" in result.stdout
