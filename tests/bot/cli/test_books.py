"""`karo receipt`, `attention`, `correct`, `check`: the office looks into the books from the keyboard."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.dialogue.screens_staff import SHOWN
from bot.wiring import utc_now
from storage import audit, inbox, ledger, payments, people, receipts, schools
from storage.payment_state import PaymentStatus
from storage.schema import table_of
from storage.unit import Unit
from tests.bot.cli.desk import STUDENTS, Desk
from tests.builders import a_guardian_with_children, a_sent_payment, announce

CODE = "UKB7RT61SV"


def school_of(unit: Unit) -> int:
    school = schools.first(unit)
    assert school is not None
    return school.id


def a_paid_payment(unit: Unit) -> int:
    """Paid under CODE, the receipt posted, the parent's message long since sent."""
    now = utc_now()
    family = a_guardian_with_children(unit, school_of(unit), now=now)
    payment = a_sent_payment(unit, family, now=now)
    payments.move(unit, payment.id, PaymentStatus.PAID, now=now, announce=announce)
    receipts.record(
        unit,
        payment=payment,
        number=CODE,
        amount_cents=1_500_00,
        paid_at=now,
        source="callback",
        payer=family.phone,
        now=now,
    )
    return payment.id


def unreadable_bodies(unit: Unit, count: int) -> None:
    """So many callbacks that nobody could read."""
    for number in range(count):
        at = utc_now() + timedelta(minutes=number)
        item = inbox.keep(
            unit, school_id=school_of(unit), channel="stk", body=b"%d" % number, payment_id=None, now=at
        )
        inbox.mark(unit, item.id, "unapplied", "unknown_shape", needs_person=True)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """A desk in a school with two children."""
    assert desk.karo("import", "students", desk.file("students.csv", STUDENTS)).exit_code == 0
    return desk


@pytest.mark.parametrize("typed", [CODE, CODE.lower(), f"{CODE} Confirmed. Ksh1,500.00 sent to Uhuru"])
def test_a_genuine_receipt_is_told_with_amount_and_child(desk: Desk, typed: str) -> None:
    desk.books(a_paid_payment)

    result = desk.karo("receipt", typed)

    assert result.exit_code == 0
    assert f"{CODE} is genuine" in result.stdout
    assert "KES 1,500" in result.stdout
    assert "Achieng" in result.stdout
    assert "2547" not in result.stdout


def test_a_code_that_is_not_in_the_books_is_not_ours(desk: Desk) -> None:
    assert "UKB7RT61SW is not in our books" in desk.karo("receipt", "UKB7RT61SW").stdout


def test_words_are_no_code(desk: Desk) -> None:
    assert "no M-PESA code" in desk.karo("receipt", "[/hello]").stdout


def test_nothing_waits_for_a_person_at_first(desk: Desk) -> None:
    assert desk.karo("attention").stdout == "Nothing waits for a person.\n"


def test_what_waits_is_listed_to_the_last_and_leaves_the_list_once_it_is_done(desk: Desk) -> None:
    desk.books(lambda unit: unreadable_bodies(unit, SHOWN + 2))

    listed = desk.karo("attention").stdout
    assert f"Waiting for a person: {SHOWN + 2}" in listed
    assert all(f"inbox:{number}:" in listed for number in range(1, SHOWN + 3))

    done = desk.karo("attention", "--done", "inbox:3", "--note", "asked Safaricom")
    assert (done.exit_code, done.stdout) == (0, "inbox:3 is done.\n")
    listed = desk.karo("attention").stdout
    assert "inbox:3:" not in listed
    assert f"Waiting for a person: {SHOWN + 1}" in listed


def test_what_was_done_about_it_must_be_said(desk: Desk) -> None:
    desk.books(lambda unit: unreadable_bodies(unit, 1))

    result = desk.karo("attention", "--done", "inbox:1")

    assert result.exit_code == 2
    assert "--note" in result.stderr
    assert "inbox:1" in desk.karo("attention").stdout


@pytest.mark.parametrize("ref", ["inbox:99", "payment:1", "nonsense", "[/red]", "inbox:"])
def test_only_what_waits_can_be_done(desk: Desk, ref: str) -> None:
    result = desk.karo("attention", "--done", ref, "--note", "looked at it")

    assert result.exit_code == 2
    assert f"nothing that waits is called {ref}" in result.stderr


def test_an_opening_balance_is_corrected_by_the_difference(desk: Desk) -> None:
    result = desk.karo(
        "correct", "adm/1042/24", "--opening-balance", "-300", "--reason", "paid in cash last term"
    )

    def look(unit: Unit) -> tuple[int, list[str]]:
        child = people.find_student(unit, school_of(unit), "ADM/1042/24")
        assert child is not None
        trail = unit.core.execute(table_of(audit.AuditRecord).select()).all()
        return ledger.balance_cents(unit, child.id), [row.action for row in trail]

    assert result.exit_code == 0
    assert "the opening balance is -KES 300 now; -KES 18,800 was posted" in result.stdout
    balance, trail = desk.books(look)
    assert balance == -300_00
    assert trail[-1].startswith("correct")


@pytest.mark.parametrize(
    ("admission", "amount", "reason", "said"),
    [
        ("ADM/9/99", "1", "why not", "no child has the admission number ADM/9/99"),
        ("ADM/1042/24", "1", "  ", "the audit trail needs a reason"),
        ("ADM/1042/24", "99000000", "typed wrongly", "cannot be right"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(
    desk: Desk, admission: str, amount: str, reason: str, said: str
) -> None:
    result = desk.karo("correct", admission, "--opening-balance", amount, "--reason", reason)

    assert result.exit_code == 2
    assert said in result.stderr


def test_amounts_are_whole_shillings(desk: Desk) -> None:
    result = desk.karo("correct", "ADM/1042/24", "--opening-balance", "12.50", "--reason", "typed wrongly")

    assert result.exit_code == 2
    assert "--opening-balance" in result.stderr


def test_a_sound_book_passes_the_check(desk: Desk) -> None:
    desk.books(a_paid_payment)

    result = desk.karo("check")

    assert (result.exit_code, result.stdout) == (0, "All invariants hold.\n")


@pytest.mark.parametrize(
    "corruption",
    [
        "UPDATE ledger_lines SET amount_cents = amount_cents + 100 WHERE id = 1",
        "UPDATE payments SET status = 'failed'",
        "UPDATE receipts SET amount_cents = 1",
    ],
)
def test_a_corrupted_row_fails_the_check(desk: Desk, corruption: str) -> None:
    desk.books(a_paid_payment)
    desk.books(lambda unit: unit.core.exec_driver_sql(corruption).rowcount)

    result = desk.karo("check")

    assert result.exit_code == 1
    assert "Broken" in result.stdout


def test_the_check_ends_a_script_by_its_exit_code(desk: Desk) -> None:
    assert desk.process("check").returncode == 0
    desk.books(lambda unit: unit.core.exec_driver_sql("UPDATE ledger_lines SET amount_cents = 7").rowcount)

    ended = desk.process("check")

    assert ended.returncode == 1
    assert "Broken" in ended.stdout
    assert ended.stderr == ""
