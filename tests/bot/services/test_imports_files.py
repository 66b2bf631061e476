"""What kind of file it is, by its content; and files that are broken, locked, huge or meant to do harm."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.services import workbook_guard
from bot.services.import_plan import Plan, Problems, plan_import
from bot.services.tables import MAX_BYTES
from storage.imports import SchoolList
from tests.bot.services.workbooks import (
    AMINA,
    HEADER,
    SHEET,
    STRINGS,
    as_excel_writes,
    book_of,
    child,
    refusal,
    row_of,
    saved,
    workbook,
)

GOOD = as_excel_writes(workbook(AMINA))
TYPES = "[Content_Types].xml"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
DAMAGED = "the workbook is damaged or of a kind that cannot be read here"
TOO_MUCH = "the workbook holds far more than a list"


def archive(parts: dict[str, bytes]) -> bytes:
    """A zip file of these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return file.getvalue()


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def replaced(name: str, old: bytes, new: bytes) -> bytes:
    """The good workbook with that text in one part replaced, once."""

    parts = parts_of(GOOD)
    assert old in parts[name], parts[name]
    return archive(parts | {name: parts[name].replace(old, new, 1)})


def test_a_workbook_with_macros_is_read() -> None:
    plain = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    data = replaced(TYPES, plain, b"application/vnd.ms-excel.sheet.macroEnabled.main+xml")
    data = archive(parts_of(data) | {"xl/vbaProject.bin": OLE})
    assert row_of(data).admission_number == "ADM/1042/24"


@pytest.mark.parametrize(
    ("data", "start"),
    [
        (OLE, "this is an old Excel workbook (.xls): open it in Excel or LibreOffice, save it as"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "the workbook is protected by a password: open it"),
        (
            archive({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"}),
            "this is an OpenDocument table (.ods): open it",
        ),
        (archive({TYPES: b"<x/>", "xl/workbook.bin": b"\x83"}), "this is a binary Excel workbook (.xlsb)"),
        (
            archive({TYPES: b"<x/>", "word/document.xml": b"<x/>"}),
            "this is a zip archive, not an Excel workbook",
        ),
        (b"PK\x05\x06" + bytes(18), "this is a zip archive, not an Excel workbook"),
        (b"<html><table><tr><td>admission_number", "this is a web page or XML, whatever its name says"),
        (b"\xef\xbb\xbf\r\n<?xml version='1.0'?><Workbook/>", "this is a web page or XML"),
        (GOOD + bytes(MAX_BYTES), "the file is larger than 10 MB"),
    ],
    ids=["xls", "locked", "ods", "xlsb", "zip", "empty zip", "web page", "xml", "large"],
)
def test_another_kind_of_file_is_refused_in_a_sentence(data: bytes, start: str) -> None:
    assert refusal(data).startswith(start)


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 and so on",
        GOOD[: len(GOOD) // 2],
        GOOD[:200] + bytes(50) + GOOD[250:],
        archive(parts_of(GOOD) | {"xl/workbook.xml": b"<workbook/>"}),
        replaced(SHEET, b"</sheetData>", b""),
        replaced(SHEET, b'<row r="2"', b'<row r="1"'),
        replaced(SHEET, b'<row r="2"', b'<row r="1048577"'),
        replaced(SHEET, b'<c r="B2"', b'<c r="A2"'),
        replaced(SHEET, b'<c r="B2"', b'<c r="XFE2"'),
        replaced(SHEET, b"<v>12500</v>", b"<v>much</v>"),
        replaced(SHEET, b"<v>1</v>", b"<v>4711</v>"),
    ],
    ids=["stub", "half", "hole", "hollow", "xml", "row", "last row", "cell", "last cell", "number", "text"],
)
def test_a_damaged_workbook_is_refused_and_says_what_to_do(data: bytes) -> None:
    said = refusal(data)
    assert said.startswith(DAMAGED)
    assert said.endswith("open it in Excel or LibreOffice, save it again and import that file")


def test_the_content_counts_and_not_the_name() -> None:
    text = "\n".join(",".join(map(str, row)) for row in (HEADER, AMINA))
    assert row_of(text.encode()) == row_of(GOOD)


@pytest.mark.parametrize(
    "part", [STRINGS, SHEET, TYPES, "xl/workbook.xml", "xl/styles.xml", "docProps/core.xml"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_declaration_that_could_fetch_or_swell_is_refused(tmp_path: Path, part: str, encoding: str) -> None:
    (tmp_path / "secret").write_text("4711", encoding="utf-8")
    declared = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{(tmp_path / "secret").as_uri()}">]>'

    parts = parts_of(GOOD)
    bare = re.sub(r"^<\?xml[^>]*\?>", "", parts[part].decode())
    data = archive(parts | {part: f"{declared}{bare}".encode(encoding)})
    assert refusal(data).startswith("the workbook holds a document type declaration")


def test_a_part_that_swells_is_refused_before_it_is_unpacked() -> None:
    data = archive(parts_of(GOOD) | {"xl/media/image1.png": bytes(workbook_guard.MAX_UNPACKED)})
    assert len(data) < 100_000
    assert refusal(data).startswith(TOO_MUCH)


def test_a_part_that_states_less_than_it_unpacks_to_is_refused() -> None:
    honest = zipfile.ZipFile(io.BytesIO(GOOD)).getinfo(SHEET).file_size.to_bytes(4, "little")
    directory = GOOD.index(b"PK\x01\x02")
    assert honest in GOOD[directory:]
    assert refusal(GOOD[:directory] + GOOD[directory:].replace(honest, b"\x40\0\0\0")).startswith(DAMAGED)


@pytest.mark.parametrize(
    "data",
    [
        archive(parts_of(GOOD) | {f"xl/media/{number}": b"" for number in range(workbook_guard.MAX_PARTS)}),
        replaced(SHEET, b"</sheetData>", b"<x/>" * workbook_guard.MAX_CELL_ELEMENTS + b"</sheetData>"),
        replaced(STRINGS, b"</sst>", b"<si/>" * workbook_guard.MAX_OTHER_ELEMENTS + b"</sst>"),
    ],
    ids=["parts", "cells", "texts"],
)
def test_a_workbook_of_countless_little_things_is_refused(data: bytes) -> None:
    assert len(data) < MAX_BYTES
    assert refusal(data).startswith(TOO_MUCH)


def test_what_stands_far_out_to_the_right_is_refused_and_a_format_there_is_not() -> None:
    book = book_of([HEADER, AMINA])
    far = book.worksheets[0].cell(2, workbook_guard.MAX_COLUMNS + 1)
    far.number_format = "0.00"
    assert row_of(saved(book)).line == 2
    far.value = 1
    assert refusal(saved(book)).startswith(TOO_MUCH)


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=20))
def test_a_workbook_with_bytes_overwritten_is_read_or_refused(start: int, rubbish: bytes) -> None:
    data = GOOD[:start] + rubbish + GOOD[start + len(rubbish) :]
    assert isinstance(plan_import(data, SchoolList()), Plan | Problems)


@settings(max_examples=100)
@given(st.sampled_from(sorted(parts_of(GOOD))), st.data())
def test_a_workbook_with_spoilt_xml_inside_is_read_or_refused(part: str, draw: st.DataObject) -> None:
    content = parts_of(GOOD)[part]
    start = draw.draw(st.integers(0, len(content) - 1))
    kept = draw.draw(st.integers(start, min(start + 30, len(content))))
    rubbish = draw.draw(st.text(alphabet='<>/="cvrft0129 -', max_size=8)).encode()
    data = archive(parts_of(GOOD) | {part: content[:start] + rubbish + content[kept:]})
    assert isinstance(plan_import(data, SchoolList()), Plan | Problems)


def test_no_refusal_of_a_workbook_repeats_a_phone() -> None:
    assert "4479" not in refusal(workbook(child(guardian_phone=447911123456)))
