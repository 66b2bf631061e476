"""Where the list stands in a workbook or a CSV file: titles above it, blanks around it, sheets beside it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from openpyxl.styles import PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from bot.services.import_plan import Plan, Problems, plan_import
from bot.services.tables import MAX_ROWS
from storage.imports import SchoolList
from tests.bot.services.workbooks import (
    AMINA,
    HEADER,
    Value,
    book_of,
    child,
    planned,
    refusal,
    refusals,
    row_of,
    rows_of,
    saved,
    with_sheet_xml,
    workbook,
)

Rows = list[tuple[Value, ...]]
Save = Callable[[Rows], bytes]
BLANK: tuple[Value, ...] = ()
BEN = child(admission_number=1043, student_name="Ben Otieno", opening_balance=None)


def as_csv(rows: Rows, delimiter: str = ",") -> bytes:
    """The same rows as a CSV file."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def as_workbook(rows: Rows) -> bytes:
    return saved(book_of(rows))


KINDS = pytest.mark.parametrize("save", [as_csv, as_workbook], ids=["csv", "xlsx"])


@KINDS
def test_titles_and_blank_rows_stand_above_between_and_after(save: Save) -> None:
    titles: Rows = [("Uhuru Academy",), ("List of children; 2026, term 1", "printed by the office"), BLANK]
    rows = rows_of(save([*titles, HEADER, BLANK, AMINA, BLANK, BLANK, BEN, BLANK]))
    assert [(row.line, row.admission_number) for row in rows] == [(6, "ADM/1042/24"), (9, "1043")]


def test_titles_above_a_list_with_semicolons_do_not_mislead() -> None:
    rows = as_csv([("Uhuru Academy, Nakuru, 2026, term 1",), HEADER, AMINA], ";")
    assert row_of(rows).admission_number == row_of(b"sep=;\r\n" + rows).admission_number == "ADM/1042/24"


@KINDS
def test_the_header_is_looked_for_among_the_first_ten_filled_lines(save: Save) -> None:
    titles: Rows = [("Uhuru Academy",)] * 9
    assert row_of(save([*titles, HEADER, AMINA])).line == 11
    assert "one of the first 10" in refusal(save([("Uhuru Academy",), *titles, HEADER, AMINA]))


@KINDS
def test_columns_without_a_name_may_be_blank_and_nothing_else(save: Save) -> None:
    def spread(row: tuple[Value, ...], between: Value = None) -> tuple[Value, ...]:
        return (None, *row[:3], between, *row[3:], None)

    assert row_of(save([spread(HEADER), spread(AMINA)])).opening_cents == 1_250_000
    assert refusals(save([spread(HEADER), spread(AMINA), spread(BEN, "moved")])) == [
        "line 3: holds something in column 5, which has no name on line 1"
    ]


@KINDS
def test_what_stands_beyond_the_named_columns_is_refused_with_its_line(save: Save) -> None:
    assert refusals(save([HEADER, AMINA, (*BEN, None, "moved")])) == [
        "line 3: has 8 values where line 1 names 6"
    ]


@KINDS
def test_a_header_that_lacks_a_column_is_named(save: Save) -> None:
    titles: Rows = [("Uhuru Academy",), HEADER[:-1], AMINA[:-1]]
    assert refusals(save(titles)) == ["line 2: the column opening_balance is missing"]


def test_more_rows_than_a_school_has_are_refused() -> None:
    rows = '<row><c t="str"><v>7</v></c></row>' * (MAX_ROWS + 1)
    for data in (
        as_csv([HEADER, *[("7",)] * (MAX_ROWS + 1)]),
        with_sheet_xml(workbook(), "</sheetData>", f"{rows}</sheetData>"),
    ):
        assert refusal(data) == "more than 20,000 rows: split the list"


def test_a_merged_title_and_merged_cells_beside_the_list_are_read() -> None:
    book = book_of([("Uhuru Academy",), BLANK, HEADER, AMINA])
    book.worksheets[0].merge_cells("A1:F2")
    assert row_of(saved(book)).line == 4


def test_thousands_of_empty_rows_with_a_format_are_no_rows() -> None:
    book = book_of([HEADER, AMINA])
    sheet = book.worksheets[0]
    for line in range(3, 2_100):
        for column in range(1, 7):
            sheet.cell(line, column).fill = PatternFill("solid", "FFFF00")
    sheet.cell(1_048_576, 16_384).fill = PatternFill("solid", "FFFF00")
    assert row_of(saved(book)).line == 2


def test_a_row_at_the_very_end_of_the_sheet_is_not_lost() -> None:
    book = book_of([HEADER, AMINA])
    book.worksheets[0].cell(1_048_576, 1, "1043")
    assert refusals(saved(book))[0] == "line 1048576: the student's name is missing"


def test_what_a_sheet_says_of_its_own_size_is_not_believed() -> None:
    data = with_sheet_xml(workbook(AMINA, BEN), '<dimension ref="A1:F3" />', '<dimension ref="A1:A1" />')
    assert len(rows_of(data)) == 2


def test_hidden_rows_and_columns_are_read() -> None:
    book = book_of([HEADER, AMINA, BEN])
    book.worksheets[0].row_dimensions[3].hidden = True
    book.worksheets[0].column_dimensions["F"].hidden = True
    assert [row.opening_cents for row in rows_of(saved(book))] == [1_250_000, None]


def test_the_only_sheet_that_names_the_columns_is_read_and_told() -> None:
    book = book_of([("How to fill in the list",), ("admission_number", "as in the register")], "Notes")
    book.create_sheet("Empty")
    sheet = book.create_sheet("Form 1 ")
    for row in (HEADER, AMINA):
        sheet.append(row)
    sums = book.create_sheet("Sums")
    sums.append(("class_name", "opening_balance"))
    sums.append(("Grade 4", "=SUM('Form 1 '!F2:F9)"))
    assert planned(saved(book)).sheet == "Form 1"
    sheet.append(child(admission_number="7", guardian_phone=7))
    plan = plan_import(saved(book), SchoolList())
    assert isinstance(plan, Problems)
    assert (plan.sheet, [str(problem) for problem in plan.found]) == (
        "Form 1",
        ["line 3: the phone of guardian is too short"],
    )


def test_two_sheets_with_a_list_are_refused_by_name() -> None:
    book = book_of([HEADER, AMINA], "Form 1")
    old = book.create_sheet("Form 1 (old)")
    old.append(HEADER)
    old.sheet_state = "hidden"
    assert refusal(saved(book)) == (
        "more than one sheet names the columns: sheet 'Form 1', sheet 'Form 1 (old)' (hidden); "
        "save the one list in a file of its own"
    )


def test_no_sheet_with_a_list_is_refused_by_name() -> None:
    book = book_of([("Adm", "Name", "Class")], "Form 1")
    book.create_sheet("Form 2")
    said = refusal(saved(book))
    assert said.startswith("one of the first 10 lines must name the columns admission_number, student_name, ")
    assert said.endswith("; none does on sheet 'Form 1', sheet 'Form 2'")


def test_a_workbook_with_nothing_in_it_is_refused() -> None:
    book = book_of([])
    book.worksheets[0]["C4"].fill = PatternFill("solid", "FFFF00")
    assert refusal(saved(book)).startswith("the workbook is empty")


def test_a_sheet_with_its_header_and_no_child_is_refused() -> None:
    plan = plan_import(workbook(), SchoolList())
    assert isinstance(plan, Problems)
    assert (plan.sheet, *map(str, plan.found)) == (
        "Sheet1",
        "the file names its columns but holds no child",
    )


def test_what_the_library_remarks_on_is_no_trouble() -> None:
    book = book_of([HEADER, AMINA])
    book.worksheets[0].add_data_validation(
        DataValidation("list", formula1='"Grade 4,Grade 5"', sqref="C2:C9")
    )
    extension = '<extLst><ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}" /></extLst></worksheet>'
    assert row_of(with_sheet_xml(saved(book), "</worksheet>", extension)).line == 2


@KINDS
def test_a_row_that_is_only_a_fault_or_a_space_is_told_apart(save: Save) -> None:
    plan = plan_import(save([HEADER, AMINA, ("\u00a0", " ", "\u200b")]), SchoolList())
    assert isinstance(plan, Plan)
    assert plan.children == 1
    assert len(refusals(workbook(AMINA, (None, None, None, None, None, True)))) == 4
