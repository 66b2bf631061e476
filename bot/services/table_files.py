"""Which kind of file this is, by what is in it: a name's ending may be wrong."""

from __future__ import annotations

from bot.services.table_csv import read_csv
from bot.services.table_xlsx import read_xlsx
from bot.services.tables import MAX_BYTES, BadFile, Columns, Problem, Table

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0"
_LOCKED = "EncryptedPackage".encode("utf-16-le")  # what an .xlsx with a password holds inside
_SAVE_AS = "open it in Excel or LibreOffice, save it as an Excel workbook (.xlsx) and import that file"


def read_table(data: bytes | str, columns: Columns) -> Table:
    """Read a CSV file or an Excel workbook. Raises BadFile for anything else, and for more than 10 MB."""
    if isinstance(data, str):
        return read_csv(data, columns)
    if len(data) > MAX_BYTES:
        raise BadFile(Problem(None, "the file is larger than 10 MB: that is no list of a school"))
    if data.startswith(_ZIP):
        return read_xlsx(data, columns)
    if data.startswith(_OLE):
        raise BadFile(Problem(None, _locked() if _LOCKED in data else _old("an old Excel workbook (.xls)")))
    if data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise BadFile(Problem(None, _old("a web page or XML, whatever its name says")))
    return read_csv(data, columns)


def _locked() -> str:
    return (
        "the workbook is protected by a password: open it, take the password off, save it and import it again"
    )


def _old(kind: str) -> str:
    return f"this is {kind}: {_SAVE_AS}"
