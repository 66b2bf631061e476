"""students.csv as it comes from a school's office: bytes to named cells, every fault with its line."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

REQUIRED = (
    "admission_number",
    "student_name",
    "class_name",
    "guardian_name",
    "guardian_phone",
    "opening_balance",
)
MAX_BYTES = 10 * 1024 * 1024
_MORE_GUARDIANS = re.compile(r"guardian([2-9])_(name|phone)")
_SAVE_AS = "save it again as 'CSV UTF-8' and import that file"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_WORKBOOKS = {b"PK\x03\x04": "an Excel workbook (.xlsx)", b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a file is refused. line: as an editor counts, None for the file as a whole."""

    line: int | None
    reason: str

    def __str__(self) -> str:
        return self.reason if self.line is None else f"line {self.line}: {self.reason}"


class BadFile(Exception):
    """The file cannot be read row by row; `problems` says why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the line it begins on, and its cells by column name, cleaned (see `clean`)."""

    line: int
    cells: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows that hold anything, how many guardians a row may name, and the rows of the wrong width."""

    records: tuple[Record, ...]
    guardians: int
    problems: tuple[Problem, ...] = ()


def read_sheet(data: bytes | str) -> Sheet:
    """Read a whole file: UTF-8 with or without a mark, comma or semicolon. Raises BadFile."""
    text = _decode(data) if isinstance(data, bytes) else data
    text = text.removeprefix("\ufeff")
    lines = _records(text, _delimiter(text))
    line, header = next(((line, cells) for line, cells in lines if any(cells)), (1, []))
    if not header:
        raise BadFile(Problem(1, "the file is empty: its first line must name the columns"))
    while not header[-1]:
        header.pop()
    names = [re.sub(r"[\s-]+", "_", name.casefold()) for name in header]
    guardians = _check_columns(line, names)
    records, problems = [], []
    for line, cells in lines:
        if any(cells[len(names) :]):
            problems.append(Problem(line, f"has {len(cells)} values where the first line names {len(names)}"))
        elif any(cells):
            # spreadsheets leave out empty cells at a row's end
            padded = cells + [""] * (len(names) - len(cells))
            records.append(Record(line, dict(zip(names, padded, strict=False))))
    if not records and not problems:
        raise BadFile(Problem(None, "the file names its columns but holds no child"))
    return Sheet(tuple(records), guardians, tuple(problems))


def clean(cell: str) -> str:
    """Composed letters, single blanks, nothing invisible."""
    visible = "".join(c for c in unicodedata.normalize("NFC", cell) if unicodedata.category(c) != "Cf")
    return " ".join(visible.split())


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise BadFile(Problem(None, "the file is larger than 10 MB: that is no list of children"))
    for mark, kind in _WORKBOOKS.items():
        if data.startswith(mark):
            raise BadFile(Problem(None, f"this is {kind}, not a CSV file: open it in Excel, {_SAVE_AS}"))
    if data.startswith(_WIDE_MARKS):
        raise BadFile(Problem(1, f"the file is UTF-16, not UTF-8: {_SAVE_AS}"))
    problems = []
    for number, line in enumerate(re.split(rb"\r\n|\r|\n", data), 1):
        if b"\0" in line:
            raise BadFile(Problem(number, f"holds zero bytes, as UTF-16 does; UTF-8 is needed: {_SAVE_AS}"))
        try:
            line.decode()
        except UnicodeDecodeError as error:
            found = (
                f"byte 0x{line[error.start]:02X} is not UTF-8 (the file looks like Latin-1 or Windows-1252)"
            )
            problems.append(Problem(number, f"{found}: {_SAVE_AS}"))
    if problems:
        raise BadFile(*problems)
    return data.decode()


def _delimiter(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return ";" if first.count(";") > first.count(",") else ","


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            reason = 'a quote (") is opened and not closed, or stands in the middle of a value'
            raise BadFile(Problem(begins, reason)) from None
        yield begins, [clean(cell) for cell in cells]
        begins = reader.line_num + 1


def _check_columns(line: int, names: list[str]) -> int:
    """How many guardians the columns allow for. Raises BadFile for a missing, unknown or doubled column."""
    problems = [Problem(line, f"the column {name} is missing") for name in REQUIRED if name not in names]
    counts = {1}
    for position, name in enumerate(names, 1):
        extra = _MORE_GUARDIANS.fullmatch(name)
        if name in names[: position - 1]:
            problems.append(Problem(line, f"the column {name or '(no name)'} stands there twice"))
        elif extra:
            counts.add(int(extra[1]))
            pair = f"guardian{extra[1]}_{'phone' if extra[2] == 'name' else 'name'}"
            if pair not in names:
                problems.append(Problem(line, f"the column {name} needs the column {pair} beside it"))
        elif name not in REQUIRED:
            said = f"unknown column {name[:40]!r}" if name else f"column {position} has no name"
            problems.append(Problem(line, f"{said}; known are {', '.join(REQUIRED)}, guardian2_name, ..."))
    if problems:
        raise BadFile(*problems)
    return max(counts)
