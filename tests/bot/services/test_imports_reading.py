"""A list of children as CSV, as offices send it: what is read, and what is refused with its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.import_plan import Plan, Problems, plan_import
from bot.services.student_columns import read_sheet
from bot.services.student_rows import StudentRow, read_opening, read_rows
from bot.services.tables import BadFile
from storage.imports import SchoolList

HEADER = "admission_number,student_name,class_name,guardian_name,guardian_phone,opening_balance"
AMINA = "ADM/1042/24,Amina Otieno,Grade 4,Mary Otieno,0712 345 678,12500"


def rows_of(data: bytes | str) -> list[StudentRow]:
    rows, problems = read_rows(read_sheet(data))
    assert problems == []
    return rows


def refusals(data: bytes | str) -> list[str]:
    """Every problem of a file that must be refused, as a person reads it."""
    plan = plan_import(data, SchoolList())
    assert isinstance(plan, Problems), "the file was taken"
    return [str(problem) for problem in plan.found]


def one_refusal(*lines: str, header: str = HEADER) -> str:
    (only,) = refusals("\n".join((header, *lines)))
    return only


def test_a_plain_row_is_read() -> None:
    (row,) = rows_of(f"{HEADER}\n{AMINA}\n")
    assert (row.line, row.admission_number, row.name, row.class_name) == (
        2,
        "ADM/1042/24",
        "Amina Otieno",
        "Grade 4",
    )
    assert [(guardian.name, guardian.phone) for guardian in row.guardians] == [
        ("Mary Otieno", "254712345678")
    ]
    assert row.opening_cents == 1_250_000
    assert 1 <= len(row.reference) <= 12
    assert row.reference.isalnum()


@pytest.mark.parametrize(
    "data",
    [
        f"{HEADER}\n{AMINA}\n".encode(),
        f"{HEADER}\n{AMINA}\n".encode("utf-8-sig"),
        f"{HEADER}\r\n{AMINA}\r\n".encode(),
        f"{HEADER}\r{AMINA}\r".encode(),
        f"\n\n{HEADER}\n\n{AMINA}\n,,,,,\n".encode(),
        f"{HEADER}\n{AMINA}".replace(",", ";").encode("utf-8-sig"),
        f"{HEADER},,\n{AMINA},,\n".encode(),
        f"{HEADER.upper().replace('_', ' ')}\n{AMINA}\n".encode(),
    ],
    ids=[
        "plain",
        "marked",
        "windows",
        "old mac",
        "blank lines",
        "semicolons",
        "empty columns",
        "loose header",
    ],
)
def test_every_usual_way_of_saving_is_read_alike(data: bytes) -> None:
    (row,) = rows_of(data)
    assert (row.admission_number, row.opening_cents) == ("ADM/1042/24", 1_250_000)


def test_a_quoted_value_may_hold_commas_quotes_and_a_new_line() -> None:
    (row, after) = rows_of(
        f'{HEADER}\n7,"Otieno, ""Tito""\nJunior",Grade 1,Mary,0712345678,"1,500"\n'
        "8,Ann,Grade 1,Mary,0712345678,\n"
    )
    assert row.name == 'Otieno, "Tito" Junior'
    assert row.opening_cents == 150_000
    assert after.line == 4


def test_cells_left_out_at_the_end_of_a_row_are_empty() -> None:
    (row,) = rows_of(f"{HEADER}\n7,Ann,Grade 1,Mary,0712345678")
    assert row.opening_cents is None


def test_more_guardians_are_read_in_order_and_a_shared_phone_is_one_guardian() -> None:
    header = f"{HEADER},guardian2_name,guardian2_phone,guardian3_name,guardian3_phone"
    (row,) = rows_of(f"{header}\n{AMINA},John Otieno,+254 722-000-111,Mama Amina,254712345678")
    assert [guardian.phone for guardian in row.guardians] == ["254712345678", "254722000111"]


def test_a_child_without_a_guardian_is_taken_with_a_note() -> None:
    plan = plan_import(f"{HEADER}\n7,Ann,Grade 1,,,\n", SchoolList())
    assert isinstance(plan, Plan)
    assert [str(note) for note in plan.notes] == [
        "line 2: no guardian is named: nobody can see or pay for this child by chat"
    ]


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        ("7,Ann,Grade 1,Mary,,0", "line 2: the phone of guardian is missing"),
        ("7,Ann,Grade 1,Mary,0712345,0", "line 2: the phone of guardian is too short"),
        ("7,Ann,Grade 1,Mary,07123456789,0", "line 2: the phone of guardian is too long"),
        ("7,Ann,Grade 1,Mary,+44 7700 900123,0", "line 2: the phone of guardian is no Kenyan mobile number"),
        ("7,Ann,Grade 1,,0712345678,0", "line 2: the name of guardian is missing"),
        (",Ann,Grade 1,Mary,0712345678,0", "line 2: the admission number is missing"),
        ("7,,Grade 1,Mary,0712345678,0", "line 2: the student's name is missing"),
        ("7,Ann,,Mary,0712345678,0", "line 2: the class is missing"),
        (
            "///,Ann,Grade 1,Mary,0712345678,0",
            "line 2: the admission number holds no letter or digit that M-PESA could carry",
        ),
        (
            f"7,{'x' * 81},Grade 1,Mary,0712345678,0",
            "line 2: the student's name is longer than 80 characters",
        ),
        (
            f"{'7' * 33},Ann,Grade 1,Mary,0712345678,0",
            "line 2: the admission number is longer than 32 characters",
        ),
        (
            "7,Ann\x07,Grade 1,Mary,0712345678,0",
            "line 2: the student's name holds a letter that was lost or cannot be shown: type it again",
        ),
        ("7,Ann,Grade 1,Mary,0712345678,0,x", "line 2: has 7 values where line 1 names 6"),
        (
            '7,"Ann,Grade 1,Mary,0712345678,0',
            'line 2: a quote (") is opened and not closed, or stands in the middle of a value',
        ),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_reason(cells: str, line: str) -> None:
    assert one_refusal(cells) == line


def test_a_spreadsheet_spoilt_phone_is_named_as_that() -> None:
    assert "2.5E+11" in one_refusal("7,Ann,Grade 1,Mary,2.54712E+11,0")


@pytest.mark.parametrize("phone", ["0712345", "2.54712E+11", "+44 7700 900123"])
def test_a_refusal_never_repeats_the_phone(phone: str) -> None:
    assert phone not in one_refusal(f"7,Ann,Grade 1,Mary,{phone},0")


def test_all_faults_of_all_rows_are_named_at_once() -> None:
    assert refusals(f"{HEADER}\n7,,Grade 1,Mary,07,0\n8,Ben,Grade 1,Mary,0712345678,1500.50\n") == [
        "line 2: the student's name is missing",
        "line 2: the phone of guardian is too short",
        "line 3: opening_balance: '1500.50' is no amount in whole shillings, such as 1500, 1,500 or -200",
    ]


@pytest.mark.parametrize("twin", ["adm/1042/24", "ADM / 1042 / 24", " ADM/1042/24\u200b "])
def test_an_admission_number_stands_once_whatever_its_case_and_blanks(twin: str) -> None:
    refusal = one_refusal(AMINA, f"{twin},Ben,Grade 1,Mary,0712345678,0")
    assert refusal.startswith("line 3: admission number ")
    assert refusal.endswith(" stands on line 2 already")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (HEADER.replace(",guardian_phone", ""), "line 1: the column guardian_phone is missing"),
        (f"{HEADER},shoe_size", "line 1: unknown column 'shoe_size'"),
        (f"{HEADER},class_name", "line 1: the column class_name stands there twice"),
        (f"{HEADER},guardian2_name", "line 1: the column guardian2_name needs the column guardian2_phone"),
    ],
)
def test_a_wrong_header_is_named(header: str, reason: str) -> None:
    assert one_refusal(AMINA, header=header).startswith(reason)


@pytest.mark.parametrize(
    ("data", "start"),
    [
        (f"{HEADER}\n{AMINA}\n".encode("utf-16"), "line 1: the file is UTF-16, not UTF-8"),
        (f"{HEADER}\n{AMINA}\n".encode("utf-16-le"), "line 1: holds zero bytes, as UTF-16 does"),
        (f"{HEADER}\n{AMINA}\n".encode("utf-32"), "line 1: the file is UTF-16, not UTF-8"),
        (f"{HEADER}\n{AMINA}\n7,José,G1,M,0712345678,0".encode("latin-1"), "line 3: byte 0xE9 is not UTF-8"),
        (b"PK\x03\x04 and so on", "the workbook is damaged"),
        (b"\xd0\xcf\x11\xe0 and so on", "this is an old Excel workbook (.xls): open it"),
        (b"<html><table><tr><td>admission_number", "this is a web page or XML, whatever its name says"),
        (b"", "line 1: the file is empty"),
        (HEADER.encode(), "the file names its columns but holds no child"),
        (b"x" * (10 * 1024 * 1024 + 1), "the file is larger than 10 MB"),
    ],
    ids=[
        "utf-16",
        "utf-16 unmarked",
        "utf-32",
        "latin-1",
        "xlsx",
        "xls",
        "web page",
        "empty",
        "no child",
        "huge",
    ],
)
def test_what_is_no_utf8_csv_is_refused_in_a_sentence(data: bytes, start: str) -> None:
    (refusal,) = refusals(data)
    assert refusal.startswith(start)


def test_every_line_that_is_no_utf8_is_named() -> None:
    data = f"{HEADER}\n7,José,G1,M,0712345678,0\n{AMINA}\n8,Zoë,G1,M,0712345678,0".encode("latin-1")
    assert [refusal.split(":")[0] for refusal in refusals(data)] == ["line 2", "line 4"]


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("0", 0),
        ("1500", 150_000),
        ("1,500", 150_000),
        ("1,234,567", 123_456_700),
        ("-200", -20_000),
        ("-1,200", -120_000),
        ("−200", -20_000),
        ("1500.00", 150_000),
        ("KES 1,500", 150_000),
        ("Ksh. 1500", 150_000),
    ],
)
def test_an_opening_balance_is_whole_shillings(text: str, cents: int) -> None:
    assert read_opening(text) == cents


@pytest.mark.parametrize(
    "text",
    ["1500.50", "1.500", "1,50", "15,00", "1 500", "(200)", "nil", "1e3", "--2", "10,000,001", "9" * 40],
)
def test_an_unclear_opening_balance_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"whole shillings|cannot be right"):
        read_opening(text)


@given(st.integers(min_value=-10_000_000, max_value=10_000_000))
def test_a_written_opening_balance_is_read_back(kes: int) -> None:
    assert read_opening(f"{kes}") == read_opening(f"{kes:,}") == kes * 100


@given(st.binary(max_size=400))
def test_rubbish_is_refused_and_never_breaks_the_reader(data: bytes) -> None:
    with pytest.raises(BadFile):
        read_sheet(data)


@given(st.text(max_size=200))
def test_rubbish_below_a_good_header_gives_rows_or_reasons(text: str) -> None:
    assert isinstance(plan_import(f"{HEADER}\n{text}", SchoolList()), Plan | Problems)
