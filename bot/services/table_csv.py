"""A CSV file as it comes from a school's office: bytes to rows of text, every fault with its line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from bot.services.tables import HEADER_WITHIN, BadFile, Columns, Problem, Row, Table, clean, cut_table

_SAVE_AS = "save it again as 'CSV UTF-8' and import that file"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def read_csv(data: bytes | str, columns: Columns) -> Table:
    """Read a whole file: UTF-8 with or without a mark, comma or semicolon. Raises BadFile."""
    text = _decode(data) if isinstance(data, bytes) else data
    text = text.removeprefix("\ufeff")
    return cut_table(_rows(text, _delimiter(text, columns)), columns)


def _decode(data: bytes) -> str:
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


def _delimiter(text: str, columns: Columns) -> str:
    lines = [line for line in text.splitlines() if line.strip()][:HEADER_WITHIN]
    for line in lines:
        for delimiter in ",;":
            if columns.named_by([clean(cell.strip('" ')) for cell in line.split(delimiter)]):
                return delimiter
    first = lines[0] if lines else ""
    return ";" if first.count(";") > first.count(",") else ","


def _rows(text: str, delimiter: str) -> Iterator[Row]:
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
        yield Row(begins, tuple(clean(cell) for cell in cells))
        begins = reader.line_num + 1
