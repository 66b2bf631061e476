"""An import into a real database: whole or not at all, and the same file twice changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.services.imports import import_students
from storage import audit, checks
from storage.imports import SchoolList
from tests.bot.services.books import HEADER, NOW, SMALL, Books

SAMPLE = Path(__file__).parents[3] / "docs" / "students.sample.csv"


async def test_children_guardians_ties_and_opening_balances_come_in(books: Books) -> None:
    outcome = await books.bring_in(SMALL)
    assert outcome.problems == ()
    assert await books.guardians("ADM/1042/24") == ["Mary Otieno", "John Otieno"]
    assert await books.guardians("1043") == ["Mary Otieno"]
    assert [guardian.phone for guardian in (await books.child("1044")).guardians] == ["254110000222"]
    assert await books.balance("ADM/1042/24") == 1_250_000
    assert await books.balance("1044") == -30_000
    assert await books.balance("1043") == await books.balance("1045") == 0
    assert await books.staged() == 0


async def test_the_same_file_twice_changes_nothing(books: Books) -> None:
    await books.bring_in(SMALL)
    before = await books.known()
    outcome = await books.bring_in(SMALL)
    assert outcome.plan is not None
    assert outcome.plan.changes_nothing
    assert await books.known() == before
    assert await books.balance("ADM/1042/24") == 1_250_000


async def test_a_dry_run_shows_and_changes_nothing(books: Books) -> None:
    before = await books.known()
    outcome = await books.bring_in(SMALL, dry_run=True)
    assert "Dry run: nothing was changed" in outcome.report()[0]
    assert any("4 children added" in line for line in outcome.report())
    assert await books.known() == before


async def test_one_bad_row_changes_nothing_at_all(books: Books) -> None:
    outcome = await books.bring_in(SMALL.replace("0110000222,-300", "01100,-300"))
    assert outcome.problems == ("line 4: the phone of guardian is too short",)
    assert outcome.report()[0].startswith("students.csv was refused: nothing was changed.")
    assert await books.known() == SchoolList()


async def test_a_guardian_taken_off_a_row_loses_that_child_at_once(books: Books) -> None:
    await books.bring_in(SMALL)
    outcome = await books.bring_in(SMALL.replace("Mary Otieno,0712345678,0", "Ann Otieno,0733000333,0"))
    assert await books.guardians("1043") == ["Ann Otieno"]
    assert await books.guardians("ADM/1042/24") == ["Mary Otieno", "John Otieno"]
    assert any("Mary Otieno (07••• 678): 1043 Ben Otieno" in line for line in outcome.report())


async def test_names_classes_and_spellings_follow_the_file(books: Books) -> None:
    await books.bring_in(SMALL)
    await books.bring_in(
        SMALL.replace("ADM/1042/24", "adm/1042/24").replace("Grade 4", "Grade 5").replace("Jane N", "Janet N")
    )
    child = await books.child("adm/1042/24")
    assert (child.class_name, child.name) == ("Grade 5", "Amina Otieno")
    assert await books.guardians("1044") == await books.guardians("1045") == ["Janet Njoki"]
    assert len((await books.known()).children) == 4
    assert await books.balance("adm/1042/24") == 1_250_000


async def test_children_absent_from_the_file_stay(books: Books) -> None:
    await books.bring_in(SMALL)
    await books.bring_in("\n".join(SMALL.splitlines()[:2]))
    assert len((await books.known()).children) == 4
    assert await books.guardians("1044") == ["Jane Njoki"]


@pytest.mark.parametrize("second", ["13000", "0"])
async def test_another_opening_balance_is_refused_and_names_the_command(books: Books, second: str) -> None:
    await books.bring_in(SMALL)
    outcome = await books.bring_in(SMALL.replace('"12,500"', second))
    (problem,) = outcome.problems
    assert problem.startswith("line 2: an opening balance was posted before")
    assert f"karo correct ADM/1042/24 --opening-balance {second} --reason TEXT" in problem
    assert await books.balance("ADM/1042/24") == 1_250_000


async def test_nothing_owed_counts_as_posted_and_an_empty_cell_does_not(books: Books) -> None:
    await books.bring_in(SMALL)
    assert len((await books.bring_in(SMALL.replace("0712345678,0,", "0712345678,50,"))).problems) == 1
    assert (await books.bring_in(SMALL.replace("0110000222,,", "0110000222,50,"))).problems == ()
    assert await books.balance("1045") == 5_000


async def test_the_invariants_hold_after_imports_and_corrections(books: Books) -> None:
    await books.bring_in(SMALL)
    await books.correct("1043", 70_000)
    await books.correct("ADM/1042/24", 0)
    assert await books.database.read(lambda unit: checks.run(unit, books.school_id, NOW)) == []


async def test_the_import_stands_in_the_audit_trail(books: Books) -> None:
    await books.bring_in(SMALL)
    (entry,) = await books.database.read(lambda unit: audit.of_subject(unit, books.school_id, "students"))
    assert (entry.action, entry.actor) == ("import", "command line")
    assert "new_child 4" in entry.detail
    assert "0712345678" not in entry.detail


async def test_two_thousand_children_come_in_and_the_same_file_changes_nothing(books: Books) -> None:
    rows = [
        f"ADM/{number}/24,Child {number},Grade {number % 8},Parent {number // 2},07{number // 2:08},{number}"
        for number in range(1, 2001)
    ]
    text = "\n".join((HEADER, *rows))
    seen: list[tuple[int, int]] = []
    outcome = await import_students(
        books.database,
        books.school_id,
        text.encode(),
        file_name="students.csv",
        dry_run=False,
        now=NOW,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert outcome.problems == ()
    assert seen[0][0] == 0
    assert seen[-1][0] == seen[-1][1]
    assert seen == sorted(seen)
    children = (await books.known()).children
    assert len(children) == 2000
    assert all(len(child.guardians) == 1 for child in children)
    assert await books.balance("ADM/1999/24") == 199_900
    again = await books.bring_in(text)
    assert again.plan is not None
    assert again.plan.changes_nothing


async def test_the_sample_file_of_the_docs_comes_in(books: Books) -> None:
    outcome = await books.bring_in(SAMPLE.read_text(encoding="utf-8"))
    assert outcome.problems == ()
    assert outcome.plan is not None
    assert outcome.plan.notes == ()
