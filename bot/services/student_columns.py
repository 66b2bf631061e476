"""The columns of students.csv and students.xlsx: a table to named cells, every fault with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.services.table_files import read_table
from bot.services.tables import BadFile, Columns, Problem, Row, column_name

REQUIRED = (
    "admission_number",
    "student_name",
    "class_name",
    "guardian_name",
    "guardian_phone",
    "opening_balance",
)
_MORE_GUARDIANS = re.compile(r"guardian([2-9])_(name|phone)")
COLUMNS = Columns(REQUIRED, _MORE_GUARDIANS)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the line it begins on, and by column name its cells, and why a cell cannot be taken."""

    line: int
    cells: Mapping[str, str] = field(repr=False)
    faults: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows that hold anything, how many guardians a row may name, and the rows of the wrong width.

    name: of the sheet in a workbook, else empty.
    """

    records: tuple[Record, ...]
    guardians: int
    problems: tuple[Problem, ...] = ()
    name: str = ""


def read_sheet(data: bytes | str) -> Sheet:
    """Read a whole file, CSV or workbook. Raises BadFile."""
    table = read_table(data, COLUMNS)
    names = [column_name(cell) for cell in table.header.cells[: table.header.width]]
    problems, guardians = _check_columns(table.header.line, names)
    if problems:
        raise BadFile(*problems, sheet=table.sheet)
    if not table.rows:
        reason = "the file names its columns but holds no child"
        raise BadFile(Problem(None, reason), sheet=table.sheet)
    records = []
    for row in table.rows:
        astray = _astray(row, names, table.header.line)
        if astray:
            problems.append(Problem(row.line, astray))
        else:
            records.append(_record(row, names))
    return Sheet(tuple(records), guardians, tuple(problems), table.sheet)


def _astray(row: Row, names: Sequence[str], header_line: int) -> str:
    """What is wrong with a row that holds something under no column's name; empty when all is well."""
    if row.width > len(names):
        return f"has {row.width} values where line {header_line} names {len(names)}"
    for position, name in enumerate(names):
        if not name and row.holds(position):
            return f"holds something in column {position + 1}, which has no name on line {header_line}"
    return ""


def _record(row: Row, names: Sequence[str]) -> Record:
    # spreadsheets leave out empty cells at a row's end
    padded = (*row.cells, *[""] * (len(names) - len(row.cells)))
    cells = {name: cell for name, cell in zip(names, padded, strict=False) if name}
    return Record(row.line, cells, {names[position]: fault for position, fault in row.faults.items()})


def _check_columns(line: int, names: Sequence[str]) -> tuple[list[Problem], int]:
    """What is missing, unknown or doubled, and how many guardians the columns allow for."""
    problems = [Problem(line, f"the column {name} is missing") for name in REQUIRED if name not in names]
    counts = {1}
    for position, name in enumerate(names):
        extra = _MORE_GUARDIANS.fullmatch(name)
        if name and name in names[:position]:
            problems.append(Problem(line, f"the column {name} stands there twice"))
        elif extra:
            counts.add(int(extra[1]))
            pair = f"guardian{extra[1]}_{'phone' if extra[2] == 'name' else 'name'}"
            if pair not in names:
                problems.append(Problem(line, f"the column {name} needs the column {pair} beside it"))
        elif name and name not in REQUIRED:
            known = f"known are {', '.join(REQUIRED)}, guardian2_name, ..."
            problems.append(Problem(line, f"unknown column {name[:40]!r}; {known}"))
    return problems, max(counts)
