"""Workbooks as an office makes them, built for real; and one taken apart, changed and put together again."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta

from openpyxl import Workbook
from openpyxl.xml.constants import SHARED_STRINGS as SHARED
from openpyxl.xml.constants import SHEET_MAIN_NS

from bot.services.import_plan import Plan, Problems, plan_import
from bot.services.student_columns import read_sheet
from bot.services.student_rows import StudentRow, read_rows
from storage.imports import SchoolList

HEADER = (
    "admission_number",
    "student_name",
    "class_name",
    "guardian_name",
    "guardian_phone",
    "opening_balance",
)

Value = str | int | float | bool | date | datetime | time | timedelta | None
AMINA: tuple[Value, ...] = ("ADM/1042/24", "Amina Otieno", "Grade 4", "Mary Otieno", "0712 345 678", 12500)
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"


def saved(book: Workbook) -> bytes:
    """The bytes of its file."""
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def book_of(rows: Iterable[Sequence[Value]], title: str = "Sheet1") -> Workbook:
    """A workbook of one sheet with these rows."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(tuple(row))
    return book


def workbook(*rows: Sequence[Value], header: Sequence[Value] = HEADER) -> bytes:
    """A file with the header and these rows."""
    return saved(book_of([header, *rows]))


def child(**cells: Value) -> tuple[Value, ...]:
    """Amina's row, with these cells in place of hers."""
    return tuple(cells.get(name, value) for name, value in zip(HEADER, AMINA, strict=True))


def rebuilt(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """The archive with each part put through `change(name, content)`."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, change(part.filename, old.read(part)))
    return file.getvalue()


def with_sheet_xml(data: bytes, old: str, new: str) -> bytes:
    """The workbook with that text in its first sheet's XML replaced, once."""

    def change(name: str, content: bytes) -> bytes:
        if name != SHEET:
            return content
        assert content.count(old.encode()) == 1, content
        return content.replace(old.encode(), new.encode())

    return rebuilt(data, change)


def as_excel_writes(data: bytes) -> bytes:
    """The workbook with its texts in a table of their own, where Excel puts them, and not in the cells."""
    texts: list[str] = []

    def moved(cell: re.Match[str]) -> str:
        texts.append(cell[2])
        return f'{cell[1]} t="s"><v>{len(texts) - 1}</v></c>'

    def change(name: str, content: bytes) -> bytes:
        text = content.decode()
        if name.startswith("xl/worksheets/"):
            text = re.sub(r'(<c [^>]*?) t="inlineStr"><is><t[^>]*>([^<]*)</t></is></c>', moved, text)
        if name == "[Content_Types].xml":
            text = text.replace(
                "</Types>", f'<Override PartName="/{STRINGS}" ContentType="{SHARED}" /></Types>'
            )
        return text.encode()

    moved_out = rebuilt(data, change)
    assert texts
    table = "".join(f"<si><t xml:space='preserve'>{text}</t></si>" for text in texts)
    file = io.BytesIO(moved_out)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(STRINGS, f'<sst xmlns="{SHEET_MAIN_NS}">{table}</sst>')
    return file.getvalue()


def rows_of(data: bytes) -> list[StudentRow]:
    """The children of a file that must be taken."""
    rows, problems = read_rows(read_sheet(data))
    assert problems == []
    return rows


def row_of(data: bytes) -> StudentRow:
    """The only child of a file that must be taken."""
    (row,) = rows_of(data)
    return row


def refusals(data: bytes) -> list[str]:
    """Every problem of a file that must be refused, as a person reads it."""
    plan = plan_import(data, SchoolList())
    assert isinstance(plan, Problems), "the file was taken"
    return [str(problem) for problem in plan.found]


def refusal(data: bytes) -> str:
    """The only problem of a file that must be refused."""
    (only,) = refusals(data)
    return only


def planned(data: bytes | str) -> Plan:
    """The plan of a file that must be taken, for a school that knows nobody yet."""
    plan = plan_import(data, SchoolList())
    assert isinstance(plan, Plan), plan
    return plan
