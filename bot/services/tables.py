"""A table out of a file, whatever the file: the line that names the columns, and rows of text below it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 20_000
HEADER_WITHIN = 10  #: among so many filled lines the one that names the columns is looked for

_NAMES_A_HEADER_HAS = 3  # fewer stand by chance in a title, a note or a table of sums
_FULL_WIDTH = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a file is refused. line: as an editor or a spreadsheet counts, None for the whole file."""

    line: int | None
    reason: str

    def __str__(self) -> str:
        return self.reason if self.line is None else f"line {self.line}: {self.reason}"


class BadFile(Exception):
    """The file cannot be read row by row; `problems` says why, `sheet` where in a workbook."""

    def __init__(self, *problems: Problem, sheet: str = "") -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems
        self.sheet = sheet


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table. cells: cleaned text (see `clean`).

    faults: why a cell, by its position from 0, cannot be taken as text; it reads "is a date ...".
    """

    line: int
    cells: tuple[str, ...] = field(repr=False)
    faults: Mapping[int, str] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Up to the last cell that holds anything; 0 for an empty line."""
        filled = [position for position, cell in enumerate(self.cells) if cell]
        return max((*filled, *self.faults), default=-1) + 1

    def holds(self, position: int) -> bool:
        """Whether that cell holds anything, be it a fault."""
        return position in self.faults or (position < len(self.cells) and self.cells[position] != "")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a kind of list has. more: the names that may stand beside the required ones."""

    required: tuple[str, ...]
    more: re.Pattern[str]

    def named_by(self, cells: Sequence[str]) -> bool:
        """Whether these cells are meant as the names of the columns, maybe not all of them right."""
        known = {
            name for name in map(column_name, cells) if name in self.required or self.more.fullmatch(name)
        }
        return len(known) >= _NAMES_A_HEADER_HAS


@dataclass(frozen=True, slots=True)
class Table:
    """The line that names the columns and every filled row below it. sheet: of a workbook, else empty."""

    header: Row
    rows: tuple[Row, ...]
    sheet: str = ""


def clean(cell: str) -> str:
    """Composed letters, single blanks, full-width letters and digits as plain ones, nothing invisible."""
    if cell.isascii() and cell.isprintable():
        return " ".join(cell.split())
    plain = unicodedata.normalize("NFC", cell).translate(_FULL_WIDTH)
    visible = "".join(c for c in plain if unicodedata.category(c) != "Cf")
    return " ".join(visible.split())


def column_name(cell: str) -> str:
    """`Student Name` and `student-name` are student_name."""
    return re.sub(r"[\s-]+", "_", cell.casefold())


def names_columns(rows: Iterator[Row], columns: Columns) -> bool:
    """Whether one of the first filled rows names the columns."""
    first = islice((row for row in rows if row.width), HEADER_WITHIN)
    return any(columns.named_by(row.cells) for row in first)


def cut_table(rows: Iterator[Row], columns: Columns, *, sheet: str = "") -> Table:
    """Titles above the header and blank rows left out. Raises BadFile."""
    filled = (row for row in rows if row.width)
    above: list[Row] = []
    for row in islice(filled, HEADER_WITHIN):
        if columns.named_by(row.cells):
            below = tuple(islice(filled, MAX_ROWS + 1))
            if len(below) > MAX_ROWS:
                raise BadFile(Problem(None, f"more than {MAX_ROWS:,} rows: split the list"), sheet=sheet)
            return Table(row, below, sheet)
        above.append(row)
    if not above:
        raise BadFile(Problem(1, "the file is empty: its first line must name the columns"), sheet=sheet)
    wanted = ", ".join(columns.required)
    reason = f"no line names the columns; one of the first {HEADER_WITHIN} must: {wanted}"
    raise BadFile(Problem(above[0].line, reason), sheet=sheet)
