"""What a workbook from anywhere must be before a library may open it: bounded, plain XML, in order."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import IO
from xml.parsers import expat

from openpyxl.utils import column_index_from_string

from bot.services.tables import BadFile, Problem

MAX_UNPACKED = 50 * 1024 * 1024
MAX_PARTS = 2_000
MAX_CELL_ELEMENTS = 1_000_000
MAX_OTHER_ELEMENTS = 500_000
MAX_ROW, MAX_CELLS_IN_A_ROW = 1_048_576, 16_384  #: Excel's own bounds
MAX_COLUMNS = 1_000

_CHUNK = 64 * 1024
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument"
_SAVE_AS = "open it in Excel or LibreOffice, save it as an Excel workbook (.xlsx) and import that file"
_TOO_MUCH = "the workbook holds far more than a list: copy the list alone into a new workbook and import that"


@dataclass(frozen=True, slots=True)
class Extent:
    """The last row and column that hold anything, over all sheets; whether a formula lacks its result."""

    rows: int
    columns: int
    unsaved_formulas: bool


def examine(data: bytes) -> Extent:
    """Look at every part once without building anything. Raises BadFile, or zipfile's own errors."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        # the sizes that an archive states bound what zipfile unpacks
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
            raise BadFile(Problem(None, _TOO_MUCH))
        _check_kind(archive)
        scan = _Scan()
        for part in parts:
            with archive.open(part) as opened:
                scan.read(opened)
    return Extent(scan.last_row, scan.last_column, scan.unsaved_formulas)


def _check_kind(archive: zipfile.ZipFile) -> None:
    names = set(archive.namelist())
    if "mimetype" in names and archive.read("mimetype").startswith(_OPEN_DOCUMENT):
        raise BadFile(Problem(None, f"this is an OpenDocument table (.ods): {_SAVE_AS}"))
    if "xl/workbook.bin" in names:
        raise BadFile(Problem(None, f"this is a binary Excel workbook (.xlsb): {_SAVE_AS}"))
    if not any(name.startswith("xl/") for name in names):
        raise BadFile(Problem(None, f"this is a zip archive, not an Excel workbook: {_SAVE_AS}"))


class _Scan:
    """Counts elements, notes where values stand; the names are those of a sheet's XML: row, c, f, v, is."""

    def __init__(self) -> None:
        self.last_row = self.last_column = 0
        self.unsaved_formulas = False
        self._elements = {True: 0, False: 0}

    def read(self, part: IO[bytes]) -> None:
        self._in_sheet = self._in_value = self._formula = self._value = self._is_text = False
        self._row = self._column = 0
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            while chunk := part.read(_CHUNK):
                parser.Parse(chunk, False)
        except expat.ExpatError:
            return  # a picture, say; the library will not get further into it either

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        self._count()
        if name == "sheetData":
            self._in_sheet = True
        elif not self._in_sheet:
            return
        elif name == "row":
            self._begin_row(attributes)
        elif name == "c":
            self._begin_cell(attributes)
        elif name in {"f", "v", "is"}:
            self._formula |= name == "f"
            self._in_value = name == "v"
            if name != "v":
                self._note_value()

    def _end(self, tag: str) -> None:
        name = tag.rpartition(" ")[2]
        if name == "sheetData":
            self._in_sheet = False
        elif name == "v":
            self._in_value = False
        elif name == "c" and self._formula and not (self._value or self._is_text):
            self.unsaved_formulas = True

    def _text(self, _text: str) -> None:
        if self._in_value and not self._value:
            self._value = True
            self._note_value()

    def _count(self) -> None:
        self._elements[self._in_sheet] += 1
        most = MAX_CELL_ELEMENTS if self._in_sheet else MAX_OTHER_ELEMENTS
        if self._elements[self._in_sheet] > most:
            raise BadFile(Problem(None, _TOO_MUCH))

    def _begin_row(self, attributes: dict[str, str]) -> None:
        row = int(float(attributes["r"])) if "r" in attributes else self._row + 1
        if not self._row < row <= MAX_ROW:
            raise ValueError("rows out of order")  # the library would leave such a row out
        self._row, self._column = row, 0

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        letters = attributes.get("r", "").rstrip("0123456789")
        column = column_index_from_string(letters) if letters else self._column + 1
        if not self._column < column <= MAX_CELLS_IN_A_ROW:
            raise ValueError("cells out of order")
        self._column = column
        # a formula whose result is an empty text has no value either
        self._formula, self._value, self._is_text = False, False, attributes.get("t") == "str"

    def _note_value(self) -> None:
        self.last_row = max(self.last_row, self._row)
        self.last_column = max(self.last_column, self._column)
        if self._column > MAX_COLUMNS:
            raise BadFile(Problem(None, _TOO_MUCH))


def _refuse_doctype(*_declared: object) -> None:
    raise BadFile(
        Problem(None, f"the workbook holds a document type declaration, as no list does: {_SAVE_AS}")
    )
