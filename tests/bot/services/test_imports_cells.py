"""Cells of a workbook as office workers leave them: what is read, and what is refused with its line."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.workbook_numbers import shown_number
from tests.bot.services.workbooks import (
    AMINA,
    HEADER,
    Value,
    book_of,
    child,
    refusal,
    refusals,
    row_of,
    saved,
    with_sheet_xml,
    workbook,
)


def formatted(column: str, value: Value, number_format: str) -> bytes:
    """Amina's row, with one cell in a format of its own."""
    book = book_of([HEADER, child(**{column: value})])
    book.worksheets[0].cell(2, HEADER.index(column) + 1).number_format = number_format
    return saved(book)


def test_a_plain_row_is_read() -> None:
    row = row_of(workbook(AMINA))
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


@pytest.mark.parametrize(
    "phone",
    [
        712345678,
        254712345678,
        712345678.0,
        2.54712345678e11,
        "0712345678",
        "\u00a00712\u00a0345 678 ",
        "０７１２345678",
    ],
)
def test_a_phone_is_read_however_the_spreadsheet_keeps_it(phone: Value) -> None:
    assert row_of(workbook(child(guardian_phone=phone))).guardians[0].phone == "254712345678"


def test_a_phone_of_the_newer_series_gets_its_nought_back_too() -> None:
    assert row_of(workbook(child(guardian_phone=110000222))).guardians[0].phone == "254110000222"


def test_a_number_in_scientific_writing_is_read_as_its_digits() -> None:
    data = with_sheet_xml(workbook(child(guardian_phone=712345678)), "712345678", "7.12345678E8")
    assert row_of(data).guardians[0].phone == "254712345678"


@pytest.mark.parametrize(
    ("value", "number_format", "read"),
    [
        (1042, "General", "1042"),
        (1042.0, "General", "1042"),
        (1042, "0.00", "1042"),
        (42, "0000", "0042"),
        (12345, "0000", "12345"),
        (42, '"ADM/"0000', "ADM/0042"),
        (104224, '0000"/"00', "1042/24"),
        (42, "\\A0000;-0000", "A0042"),
        (42, "#,##0", "42"),
        ("0042", "@", "0042"),
        ("１０４２", "@", "1042"),
        ("  ADM / 1042\u00a0", "General", "ADM / 1042"),
    ],
)
def test_an_admission_number_is_read_as_it_is_shown(value: Value, number_format: str, read: str) -> None:
    assert row_of(formatted("admission_number", value, number_format)).admission_number == read


@pytest.mark.parametrize("value", [10**15, 1.2345678901234567e15, 10**30])
def test_a_number_that_has_lost_digits_is_refused(value: float) -> None:
    assert refusal(workbook(child(admission_number=value))).startswith(
        "line 2: the admission number is a number of more than 15 digits"
    )


@pytest.mark.parametrize(
    "value",
    [date(2024, 10, 4), datetime(2024, 10, 4, 8, 30), time(10, 42), timedelta(days=3)],  # noqa: DTZ001
)
def test_what_became_a_date_is_refused_with_what_to_do(value: Value) -> None:
    assert refusal(workbook(child(admission_number=value))) == (
        "line 2: the admission number was turned into a date by the spreadsheet: "
        "format the column as text and type it again"
    )


def test_a_number_that_is_shown_as_a_date_is_refused_as_well() -> None:
    assert "turned into a date" in refusal(formatted("admission_number", 45569, "d/m/yyyy"))


def test_a_number_that_no_date_can_be_is_refused_as_an_error() -> None:
    book = book_of([HEADER, child(guardian_phone=712345678)])
    book.worksheets[0]["E2"].number_format = "d/m/yyyy"
    assert "the phone of guardian shows the spreadsheet's error #VALUE!" in refusal(saved(book))


@pytest.mark.parametrize(
    ("value", "number_format", "cents"),
    [
        (18500, "General", 1_850_000),
        (18500.0, "0.00", 1_850_000),
        (18500, '"KES "#,##0.00', 1_850_000),
        (18500, "[$KES-441] #,##0;[Red]-#,##0", 1_850_000),
        (18500, '"KES "0', 1_850_000),
        (-1500, "#,##0_);(#,##0)", -150_000),
        (-1500, '"KES "0', -150_000),
        (0, "General", 0),
        (-0.0, "0", 0),
        (0.1 + 0.2 - 0.3 + 18500, "General", 1_850_000),
        ("18,500", "General", 1_850_000),
        ("KES 18,500.00", "@", 1_850_000),
        (None, "#,##0", None),
    ],
)
def test_an_opening_balance_is_read_as_what_is_stored(
    value: Value, number_format: str, cents: int | None
) -> None:
    assert row_of(formatted("opening_balance", value, number_format)).opening_cents == cents


@pytest.mark.parametrize("value", [18500.5, 0.3, 1e-7])
def test_an_opening_balance_with_cents_is_refused(value: float) -> None:
    assert "is no amount in whole shillings" in refusal(formatted("opening_balance", value, "0"))


def formula(cached: str, kind: str = "") -> bytes:
    """Amina's opening balance as a formula, with what the spreadsheet keeps as its result."""
    plain = '<c r="F2"><f>6000+6500</f><v /></c>'
    return with_sheet_xml(
        workbook(child(opening_balance="=6000+6500")), plain, f'<c r="F2"{kind}><f>6000+6500</f>{cached}</c>'
    )


def test_a_formula_is_read_as_the_result_that_was_saved() -> None:
    assert row_of(formula("<v>12500</v>")).opening_cents == 1_250_000
    assert row_of(formula("<v>12,500</v>", ' t="str"')).opening_cents == 1_250_000


def test_a_formula_whose_result_is_nothing_is_an_empty_cell() -> None:
    assert row_of(formula("<v></v>", ' t="str"')).opening_cents is None


@pytest.mark.parametrize("cached", ["", "<v/>", "<v></v>"])
def test_a_formula_without_a_result_is_refused_with_what_to_do(cached: str) -> None:
    assert refusal(formula(cached)) == (
        "line 2: the opening balance is a formula without its result: "
        "save the file once in Excel or LibreOffice and import it again"
    )


def test_only_the_cells_with_such_a_formula_are_named() -> None:
    found = refusals(
        workbook(
            child(opening_balance="=1+1"),
            child(admission_number="7", opening_balance=None),
            child(admission_number="=A2", opening_balance=3),
        )
    )
    assert [reason.partition(" is a formula")[0] for reason in found] == [
        "line 2: the opening balance",
        "line 4: the admission number",
    ]


def test_a_formula_with_no_result_beside_one_whose_result_is_nothing_is_told_apart() -> None:
    data = workbook(child(opening_balance="=1+1"), child(admission_number="7", opening_balance="=T(A1)"))
    nothing = with_sheet_xml(data, '<c r="F3"><f>', '<c r="F3" t="str"><f>')
    assert [reason.partition(" is a formula")[0] for reason in refusals(nothing)] == [
        "line 2: the opening balance"
    ]


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!"])
def test_an_error_of_the_spreadsheet_is_refused_in_workbook_and_csv_alike(error: str) -> None:
    book = book_of([HEADER, child(admission_number=error, guardian_phone=error)])
    assert book.worksheets[0]["A2"].data_type == "e"
    cells = ",".join(map(str, child(admission_number=error, guardian_phone=error)))
    named = [
        f"line 2: the {what} shows the spreadsheet's error {error}: type the value itself"
        for what in ("admission number", "phone of guardian")
    ]
    assert refusals(saved(book)) == refusals(f"{','.join(HEADER)}\n{cells}\n".encode()) == named


@pytest.mark.parametrize("column", ["admission_number", "student_name", "guardian_phone", "opening_balance"])
def test_true_or_false_is_no_value(column: str) -> None:
    assert "is TRUE or FALSE to the spreadsheet" in refusal(workbook(child(**{column: True})))


def test_a_spoilt_cell_makes_a_guardian_that_must_be_right() -> None:
    found = refusals(workbook(child(guardian_name=None, guardian_phone=True)))
    assert [reason.partition(" is ")[0] for reason in found] == [
        "line 2: the name of guardian",
        "line 2: the phone of guardian",
    ]


def test_blanks_line_ends_and_invisible_letters_do_not_count() -> None:
    row = row_of(
        workbook(child(student_name="\u00a0 Amina_x000D_\nOtieno\u200b ", class_name="Grade\u30004"))
    )
    assert (row.name, row.class_name) == ("Amina Otieno", "Grade 4")


def test_a_cell_as_long_as_a_spreadsheet_allows_is_refused_by_its_length() -> None:
    assert refusal(workbook(child(student_name="x" * 32_767))) == (
        "line 2: the student's name is longer than 80 characters"
    )


@given(st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1))
def test_a_whole_number_is_shown_in_all_its_digits(number: int) -> None:
    assert shown_number(number, "General") == shown_number(float(number), "#,##0") == str(number)


@given(st.integers(min_value=0, max_value=10**15 - 1), st.integers(min_value=1, max_value=12))
def test_a_format_of_zeros_only_fills_up(number: int, zeros: int) -> None:
    assert shown_number(number, "0" * zeros) == str(number).zfill(zeros)


@given(st.floats(), st.text(alphabet='0#,."\\/ -AE%;@[]', max_size=12))
def test_no_number_in_any_format_breaks_the_reader(number: float, number_format: str) -> None:
    assert isinstance(shown_number(number, number_format), str)
