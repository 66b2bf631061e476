"""One list as CSV and as a workbook: the same plan, the same report, the same books."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from storage.imports import SchoolList
from tests.bot.services.books import SMALL, Books
from tests.bot.services.workbooks import Value, as_excel_writes, book_of, planned, saved

DOCS = Path(__file__).parents[3] / "docs"
SHEET = " (sheet 'Form 1')"


def retyped(cell: str) -> Value:
    """As a spreadsheet keeps what is typed: numbers as numbers, nothing as nothing."""
    bare = cell.replace(",", "")
    return int(bare) if bare.removeprefix("-").isdigit() else cell or None


def as_typed(text: str) -> bytes:
    """The list as somebody types it into a spreadsheet: phones lose their nought."""
    rows = csv.reader(io.StringIO(text))
    return saved(book_of(([retyped(cell) for cell in row] for row in rows), "Form 1"))


def as_text(text: str) -> bytes:
    """The list in columns that were formatted as text, saved as Excel does."""
    return as_excel_writes(saved(book_of(csv.reader(io.StringIO(text)), "Form 1")))


WAYS = pytest.mark.parametrize("save", [as_typed, as_text])


@WAYS
def test_the_same_list_gives_the_same_plan(save: Callable[[str], bytes]) -> None:
    twisted = SMALL.replace("Jane Njoki,0110000222,,", "Jane N.,0110000222,,")
    plan = planned(save(twisted))
    assert plan.sheet == "Form 1"
    assert plan.notes
    assert replace(plan, sheet="") == planned(twisted)


@WAYS
async def test_a_dry_run_reports_the_same_and_changes_nothing(
    books: Books, save: Callable[[str], bytes]
) -> None:
    from_csv = await books.bring_in(SMALL, dry_run=True, file_name="list")
    from_book = await books.bring_in(save(SMALL), dry_run=True, file_name="list")
    assert [line.replace(SHEET, "") for line in from_book.report()] == from_csv.report()
    assert (
        from_book.report()[0]
        == f"list{SHEET}: 4 children read. Dry run: nothing was changed. It would do this:"
    )
    assert await books.known() == SchoolList()


@WAYS
async def test_what_came_in_one_way_changes_nothing_the_other_way(
    books: Books, save: Callable[[str], bytes]
) -> None:
    assert (await books.bring_in(save(SMALL))).problems == ()
    assert await books.balance("ADM/1042/24") == 1_250_000
    before = await books.known()
    for again in (save(SMALL), SMALL):
        outcome = await books.bring_in(again)
        assert outcome.plan is not None
        assert outcome.plan.changes_nothing
    assert await books.known() == before


@WAYS
async def test_one_bad_row_changes_nothing_and_names_sheet_line_and_reason(
    books: Books, save: Callable[[str], bytes]
) -> None:
    bad = SMALL.replace("0110000222,-300", "01100,-300").replace("Ben Otieno,", ",")
    outcome = await books.bring_in(save(bad), file_name="students.xlsx")
    assert outcome.report() == [
        "students.xlsx (sheet 'Form 1') was refused: nothing was changed. 2 problems:",
        "  line 3: the student's name is missing",
        "  line 4: the phone of guardian is too short",
    ]
    assert await books.known() == SchoolList()


async def test_a_file_is_read_beside_the_event_loop(books: Books) -> None:
    readers: list[threading.Thread] = []

    class Watched(bytes):
        """Notes who reads it."""

        def startswith(self, *prefix: object) -> bool:
            readers.append(threading.current_thread())
            return super().startswith(*prefix)  # type: ignore[arg-type]

    outcome = await books.bring_in(Watched(as_text(SMALL)))
    assert outcome.problems == ()
    assert readers
    assert threading.current_thread() not in readers


def test_the_sample_workbook_of_the_docs_is_the_sample_csv() -> None:
    plan = planned((DOCS / "students.sample.xlsx").read_bytes())
    assert plan.sheet == "Students"
    assert replace(plan, sheet="") == planned((DOCS / "students.sample.csv").read_bytes())
