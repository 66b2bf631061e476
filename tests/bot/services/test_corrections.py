"""karo correct: the difference is posted, nothing is overwritten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.corrections import Corrected, CorrectionRefused
from storage import audit, people
from storage.unit import Unit
from tests.bot.services.books import Books

LIST = """admission_number,student_name,class_name,guardian_name,guardian_phone,opening_balance
ADM/1042/24,Amina Otieno,Grade 4,Mary Otieno,0712345678,12500
1043,Ben Otieno,Grade 1,Mary Otieno,0712345678,
"""


@pytest.fixture
async def books(books: Books) -> Books:
    """Two children: one owes 12,500 from before, of the other nothing was said."""
    assert (await books.bring_in(LIST)).problems == ()
    return books


async def test_the_difference_is_posted_and_said(books: Books) -> None:
    done = await books.correct(" adm/1042/24 ", 9_000_00)
    assert await books.balance("ADM/1042/24") == 9_000_00
    assert done.sentence() == (
        "ADM/1042/24: the opening balance is KES 9,000 now; "
        "-KES 3,500 was posted, and the balance is KES 9,000."
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
    assert (await books.bring_in(LIST)).problems == ()
    assert await books.balance("ADM/1042/24") == 9_000_00


@given(st.integers(min_value=-(10**9), max_value=10**9), st.integers(min_value=-(10**9), max_value=10**9))
def test_the_sentence_names_whole_shillings(opening: int, difference: int) -> None:
    said = Corrected("1", opening * 100, difference * 100, 0).sentence()
    assert f"KES {abs(opening):,}" in said
    assert "." not in said.removesuffix(".")
