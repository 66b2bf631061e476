"""karo correct: the difference is posted, nothing is overwritten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.corrections import Corrected, CorrectionRefused, correct
from bot.services.imports import import_students
from storage import audit, ledger, people, schools
from storage.database import Database
from storage.opening import open_database
from storage.unit import Unit

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
LIST = b"""admission_number,student_name,class_name,guardian_name,guardian_phone,opening_balance
ADM/1042/24,Amina Otieno,Grade 4,Mary Otieno,0712345678,12500
1043,Ben Otieno,Grade 1,Mary Otieno,0712345678,
"""


class Books:
    """A school with two children: one owes 12,500 from before, of the other nothing was said."""

    def __init__(self, database: Database, school_id: int) -> None:
        self.database = database
        self.school_id = school_id

    async def correct(self, admission: str, cents: int, reason: str = "typed wrongly") -> Corrected:
        return await self.database.write(
            lambda unit: correct(
                unit,
                school_id=self.school_id,
                admission=admission,
                opening_balance_cents=cents,
                reason=reason,
                by="command line",
                now=NOW,
            )
        )

    async def balance(self, admission: str) -> int:
        def look(unit: Unit) -> int:
            student = people.find_student(unit, self.school_id, admission)
            assert student is not None
            return ledger.balance_cents(unit, student.id)

        return await self.database.read(look)


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    database = open_database(f"sqlite:///{tmp_path / 'karo.db'}", None)
    school_id = await database.write(
        lambda unit: schools.ensure(unit, name="Uhuru Primary", contact="0700 000 100", now=NOW)
    )
    await import_students(database, school_id, LIST, file_name="students.csv", dry_run=False, now=NOW)
    yield Books(database, school_id)
    database.close()


async def test_the_difference_is_posted_and_said(books: Books) -> None:
    done = await books.correct(" adm/1042/24 ", 9_000_00)
    assert await books.balance("ADM/1042/24") == 9_000_00
    assert done.sentence() == (
        "ADM/1042/24: the opening balance is KES 9,000 now; -KES 3,500 was posted, and the balance is KES 9,000."
    )


async def test_corrections_follow_one_another(books: Books) -> None:
    for cents in (9_000_00, -200_00, 0, 12_500_00):
        await books.correct("ADM/1042/24", cents)
        assert await books.balance("ADM/1042/24") == cents


async def test_the_same_value_posts_nothing(books: Books) -> None:
    done = await books.correct("ADM/1042/24", 12_500_00)
    assert done.difference_cents == 0
    assert "already" in done.sentence()


async def test_a_child_without_an_opening_balance_gets_one(books: Books) -> None:
    await books.correct("1043", 700_00)
    assert await books.balance("1043") == 700_00


async def test_the_reason_stands_in_the_audit_trail(books: Books) -> None:
    await books.correct("ADM/1042/24", 9_000_00, "  two receipts of last\nyear were missing ")

    def trail(unit: Unit) -> list[tuple[str, str, str]]:
        student = people.find_student(unit, books.school_id, "ADM/1042/24")
        assert student is not None
        return [
            (entry.actor, entry.action, entry.detail)
            for entry in audit.of_subject(unit, books.school_id, f"student:{student.id}")
        ]

    assert await books.database.read(trail) == [
        (
            "command line",
            "correct opening balance",
            "KES 12,500 -> KES 9,000: two receipts of last year were missing",
        )
    ]


@pytest.mark.parametrize(
    ("admission", "cents", "reason", "said"),
    [
        ("9999", 100, "why", "no child has the admission number 9999"),
        ("1043", 100, "  ", "the audit trail needs a reason"),
        ("1043", 100, "x" * 501, "longer than 500 characters"),
        ("1043", 10_000_001_00, "why", "more than KES 10,000,000 cannot be right"),
    ],
)
async def test_a_refused_correction_changes_nothing(
    books: Books, admission: str, cents: int, reason: str, said: str
) -> None:
    with pytest.raises(CorrectionRefused, match=said):
        await books.correct(admission, cents, reason)
    assert await books.balance("1043") == 0


async def test_the_old_list_still_comes_in_after_a_correction(books: Books) -> None:
    await books.correct("ADM/1042/24", 9_000_00)
    again = await import_students(
        books.database, books.school_id, LIST, file_name="students.csv", dry_run=False, now=NOW
    )
    assert again.problems == ()
    assert await books.balance("ADM/1042/24") == 9_000_00


@given(st.integers(min_value=-(10**9), max_value=10**9), st.integers(min_value=-(10**9), max_value=10**9))
def test_the_sentence_names_whole_shillings(opening: int, difference: int) -> None:
    said = Corrected("1", opening * 100, difference * 100, 0).sentence()
    assert f"KES {abs(opening):,}" in said
    assert "." not in said.removesuffix(".")
