"""Cells to facts: what a row of the school's list says about one child, or why it cannot be taken."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from bot.services.student_columns import Record, Sheet
from bot.services.tables import Problem
from daraja import BadPhone, account_reference, parse_phone
from storage.people import admission_key

MAX_NAME = 80
MAX_ADMISSION = 32
MAX_CLASS = 40
MAX_OPENING_KES = 10_000_000

_OPENING = re.compile(
    r"(?:(?:kes|kshs?|sh)\.? ?)?([-−]?) ?(\d{1,3}(?:,\d{3})+|\d+)(?:\.00?)?", re.IGNORECASE | re.ASCII
)
_SPREADSHEET_ERROR = re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!)", re.IGNORECASE)
_PHONE_REASONS = {
    "empty": "is missing",
    "letters": "holds something other than digits (a spreadsheet may have written it as 2.5E+11)",
    "too_short": "is too short",
    "too_long": "is too long",
    "not_kenyan": "is no Kenyan mobile number",
}


@dataclass(frozen=True, slots=True)
class GuardianCells:
    """phone: 254 and 9 digits."""

    name: str = field(repr=False)
    phone: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StudentRow:
    """key: the admission number without case and blanks. opening_cents: None where the cell is empty."""

    line: int
    admission_number: str
    key: str
    name: str = field(repr=False)
    class_name: str
    reference: str
    guardians: tuple[GuardianCells, ...]
    opening_cents: int | None


def read_rows(sheet: Sheet) -> tuple[list[StudentRow], list[Problem]]:
    """Every row that can be taken, and every fault of the others, doubled admission numbers included."""
    rows: list[StudentRow] = []
    problems = list(sheet.problems)
    first_lines: dict[str, int] = {}
    for record in sheet.records:
        reader = _RowReader(record)
        row = reader.read(sheet.guardians)
        earlier = first_lines.setdefault(row.key, record.line) if row.key else record.line
        if earlier != record.line:
            reader.fault(f"admission number {row.admission_number} stands on line {earlier} already")
        problems.extend(reader.problems)
        if not reader.problems:
            rows.append(row)
    return rows, problems


def read_opening(text: str) -> int:
    """Whole shillings, maybe negative, commas allowed: to cents. Raises ValueError with the reason."""
    match = _OPENING.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:20]!r} is no amount in whole shillings, such as 1500, 1,500 or -200")
    kes = int(match[2].replace(",", "")) if len(match[2]) <= 12 else MAX_OPENING_KES + 1
    if kes > MAX_OPENING_KES:
        raise ValueError(f"more than {MAX_OPENING_KES:,} shillings cannot be right")
    return -kes * 100 if match[1] else kes * 100


class _RowReader:
    """Reads one record and gathers its faults, so that a row names all of them at once."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self.problems: list[Problem] = []

    def fault(self, reason: str) -> None:
        self.problems.append(Problem(self._record.line, reason))

    def read(self, guardians: int) -> StudentRow:
        admission = self._text("admission_number", "admission number", MAX_ADMISSION)
        return StudentRow(
            line=self._record.line,
            admission_number=admission,
            key=admission_key(admission),
            name=self._text("student_name", "student's name", MAX_NAME),
            class_name=self._text("class_name", "class", MAX_CLASS),
            reference=self._reference(admission),
            guardians=self._guardians(guardians),
            opening_cents=self._opening(),
        )

    def _cell(self, column: str, what: str) -> str | None:
        """The cell's text, or None once it is named as spoilt by the spreadsheet."""
        text = self._record.cells.get(column, "")
        fault = self._record.faults.get(column, "")
        if _SPREADSHEET_ERROR.fullmatch(text):
            fault = f"shows the spreadsheet's error {text}: type the value itself"
        if fault:
            self.fault(f"{what} {fault}")
        return None if fault else text

    def _holds(self, column: str) -> bool:
        return bool(self._record.cells.get(column)) or column in self._record.faults

    def _text(self, column: str, what: str, longest: int, *, required: bool = True) -> str:
        text = self._cell(column, f"the {what}")
        if text is None:
            return ""
        if not text and required:
            self.fault(f"the {what} is missing")
        elif len(text) > longest:
            self.fault(f"the {what} is longer than {longest} characters")
        elif any(unicodedata.category(c).startswith("C") or c == "\ufffd" for c in text):
            self.fault(f"the {what} holds a letter that was lost or cannot be shown: type it again")
        return text

    def _reference(self, admission: str) -> str:
        if not admission:
            return ""
        if not any(c.isascii() and c.isalnum() for c in admission):
            self.fault("the admission number holds no letter or digit that M-PESA could carry")
            return ""
        return account_reference(admission_key(admission))

    def _guardians(self, allowed: int) -> tuple[GuardianCells, ...]:
        found: dict[str, GuardianCells] = {}
        for number in range(1, allowed + 1):
            prefix = "guardian" if number == 1 else f"guardian{number}"
            who = "guardian" if number == 1 else f"guardian {number}"
            if not self._holds(f"{prefix}_name") and not self._holds(f"{prefix}_phone"):
                continue
            name = self._text(f"{prefix}_name", f"name of {who}", MAX_NAME)
            phone = self._phone(f"{prefix}_phone", who)
            found.setdefault(phone, GuardianCells(name, phone))
        return tuple(found.values())

    def _phone(self, column: str, who: str) -> str:
        text = self._cell(column, f"the phone of {who}")
        if text is None:
            return ""
        try:
            return parse_phone(text)
        except BadPhone as error:
            self.fault(f"the phone of {who} {_PHONE_REASONS.get(error.reason, 'cannot be read')}")
            return ""

    def _opening(self) -> int | None:
        text = self._cell("opening_balance", "the opening balance")
        if not text:
            return None
        try:
            return read_opening(text)
        except ValueError as error:
            self.fault(f"opening_balance: {error}")
            return None
