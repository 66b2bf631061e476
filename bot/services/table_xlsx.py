"""An Excel workbook (.xlsx, .xlsm) as it comes from a school's office: the one sheet with the list, as text.

Hidden rows, columns and sheets are read like all others: nobody's child is left out by a filter.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any

from openpyxl import Workbook, load_workbook

from bot.services.tables import (
    HEADER_WITHIN,
    BadFile,
    Columns,
    Problem,
    Row,
    Table,
    clean,
    cut_table,
    names_columns,
)
from bot.services.workbook_guard import Extent, examine
from bot.services.workbook_numbers import KEPT_DIGITS, shown_number

_AS_TEXT = "format the column as text and type it again"
_IS_DATE = f"was turned into a date by the spreadsheet: {_AS_TEXT}"
_IS_BOOLEAN = f"is TRUE or FALSE to the spreadsheet: {_AS_TEXT}"
_IS_TOO_LONG = (
    f"is a number of more than {KEPT_DIGITS} digits, and a spreadsheet forgets the others: {_AS_TEXT}"
)
_IS_UNSAVED = (
    "is a formula without its result: save the file once in Excel or LibreOffice and import it again"
)
_SHEETS_NAMED = 10
_LINE_END = re.compile("_x000[9ADad]_")  # so Excel writes the ends of lines that were pasted into a cell

Place = tuple[int, int]  #: line from 1, position from 0


def read_xlsx(data: bytes, columns: Columns) -> Table:
    """Read the only sheet that names the columns. Raises BadFile."""
    try:
        with _no_remarks():
            return _read(data, columns)
    except BadFile:
        raise
    except Exception as error:  # on a damaged file the library stumbles over anything
        what = "the workbook is damaged or of a kind that cannot be read here"
        remedy = "open it in Excel or LibreOffice, save it again and import that file"
        raise BadFile(Problem(None, f"{what} ({type(error).__name__}): {remedy}")) from None


@contextmanager
def _no_remarks() -> Iterator[None]:
    """The library remarks on styles, validations and the like, which a list does not need."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"openpyxl\.")
        yield


def _read(data: bytes, columns: Columns) -> Table:
    extent = examine(data)
    if not extent.rows:
        raise BadFile(Problem(None, "the workbook is empty: one of its sheets must name the columns"))
    with closing(_load(data, results=True)) as book:
        number = _find_sheet(book, extent, columns)
        unsaved = _formulas(data, number, extent) if extent.unsaved_formulas else frozenset()
        sheet = book.worksheets[number]
        return cut_table(_rows(sheet, extent, unsaved), columns, sheet=clean(sheet.title))


def _load(data: bytes, *, results: bool) -> Workbook:
    return load_workbook(io.BytesIO(data), read_only=True, data_only=results, keep_links=False)


def _find_sheet(book: Workbook, extent: Extent, columns: Columns) -> int:
    sheets = book.worksheets
    if not sheets:
        raise ValueError("a workbook without a sheet")
    found = [n for n, sheet in enumerate(sheets) if names_columns(_rows(sheet, extent), columns)]
    if len(found) == 1:
        return found[0]
    if found:
        which = f"more than one sheet names the columns: {_named([sheets[n] for n in found])}"
        raise BadFile(Problem(None, f"{which}; save the one list in a file of its own"))
    wanted = ", ".join(columns.required)
    where = f"one of the first {HEADER_WITHIN} lines must name the columns {wanted}"
    raise BadFile(Problem(None, f"{where}; none does on {_named(sheets)}"))


def _named(sheets: Sequence[Any]) -> str:
    names = [
        f"sheet '{clean(sheet.title)[:40]}'" + ("" if sheet.sheet_state == "visible" else " (hidden)")
        for sheet in sheets[:_SHEETS_NAMED]
    ]
    return ", ".join(names) + (
        f" and {len(sheets) - _SHEETS_NAMED} more" if len(sheets) > _SHEETS_NAMED else ""
    )


def _formulas(data: bytes, number: int, extent: Extent) -> frozenset[Place]:
    with closing(_load(data, results=False)) as book:
        return frozenset(
            (line, position)
            for line, cells in _lines(book.worksheets[number], extent)
            for position, cell in enumerate(cells)
            if cell.data_type == "f"
        )


def _rows(sheet: Any, extent: Extent, unsaved: frozenset[Place] = frozenset()) -> Iterator[Row]:
    for line, cells in _lines(sheet, extent):
        texts, faults = [], {}
        for position, cell in enumerate(cells):
            text, fault = _read_cell(cell)
            if not text and (line, position) in unsaved and cell.data_type != "str":
                fault = _IS_UNSAVED
            texts.append(text)
            if fault:
                faults[position] = fault
        yield Row(line, tuple(texts), faults)


def _lines(sheet: Any, extent: Extent) -> Iterator[tuple[int, Sequence[Any]]]:
    before = None
    # what the sheet says of its own size may be wrong
    for line, cells in enumerate(sheet.iter_rows(max_row=extent.rows, max_col=extent.columns), 1):
        if cells is not before:  # the library fills a gap with one tuple, over and over
            yield line, cells
        before = cells


def _read_cell(cell: Any) -> tuple[str, str]:
    """Its text, and why it cannot be taken as that, or nothing."""
    value = cell.value
    if value is None:
        return "", ""
    if isinstance(value, str):
        return clean(_LINE_END.sub(" ", value)), ""
    if isinstance(value, bool):
        return "", _IS_BOOLEAN
    if isinstance(value, datetime | date | time | timedelta):
        return "", _IS_DATE
    text = shown_number(value, cell.number_format)
    return text, "" if text else _IS_TOO_LONG
