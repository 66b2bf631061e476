"""An import into a real database: whole or not at all, and the same file twice changes nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.services.imports import Outcome, import_students
from storage import audit, import_flip, ledger, people, schools
from storage import imports as staging
from storage.database import Database
from storage.imports import ImportOvertaken, KnownChild, SchoolList, Staged, StagedKind
from storage.opening import open_database
from storage.unit import Unit

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
HEADER = "admission_number,student_name,class_name,guardian_name,guardian_phone,opening_balance"
SMALL = f"""{HEADER},guardian2_name,guardian2_phone
ADM/1042/24,Amina Otieno,Grade 4,Mary Otieno,0712345678,"12,500",John Otieno,0722000111
1043,Ben Otieno,Grade 1,Mary Otieno,0712345678,0,,
1044,Cate Njoki,Grade 2,Jane Njoki,0110000222,-300,,
1045,Dan Kip,Grade 2,Jane Njoki,0110000222,,,
"""
SAMPLE = Path(__file__).parents[3] / "docs" / "students.sample.csv"


class Books:
    """A school's database, with what these tests ask of it."""

    def __init__(self, database: Database, school_id: int) -> None:
        self.database = database
        self.school_id = school_id

    async def bring_in(self, text: str, *, dry_run: bool = False) -> Outcome:
        return await import_students(
            self.database,
            self.school_id,
            text.encode(),
            file_name="students.csv",
            dry_run=dry_run,
            now=NOW,
        )

    async def known(self) -> SchoolList:
        return await self.database.read(lambda unit: staging.school_list(unit, self.school_id))

    async def child(self, admission: str) -> KnownChild:
        (child,) = [child for child in (await self.known()).children if child.admission_number == admission]
        return child

    async def guardians(self, admission: str) -> list[str]:
        return [guardian.name for guardian in (await self.child(admission)).guardians]

    async def balance(self, admission: str) -> int:
        def look(unit: Unit) -> int:
            student = people.find_student(unit, self.school_id, admission)
            assert student is not None
            return ledger.balance_cents(unit, student.id)

        return await self.database.read(look)

    async def staged(self) -> int:
        return await self.database.read(
            lambda unit: (
                len(unit.core.execute(staging.ROWS.select()).all())
                + len(unit.core.execute(staging.BATCHES.select()).all())
            )
        )


async def open_books(path: Path) -> Books:
    database = open_database(f"sqlite:///{path}", None)
    school_id = await database.write(
        lambda unit: schools.ensure(unit, name="Uhuru Primary", contact="0700 000 100", now=NOW)
    )
    return Books(database, school_id)


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    books = await open_books(tmp_path / "karo.db")
    yield books
    books.database.close()


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


async def test_a_later_import_takes_over_and_the_earlier_one_is_refused(books: Books) -> None:
    change = Staged(StagedKind.NEW_CHILD, "7", "Eve", "Grade 1", "7")

    def begin(unit: Unit) -> None:
        staging.begin(unit, school_id=books.school_id, batch_id="earlier", now=NOW)
        staging.stage(unit, school_id=books.school_id, batch_id="earlier", changes=[change])

    await books.database.write(begin)
    assert (await books.bring_in(SMALL)).problems == ()
    with pytest.raises(ImportOvertaken):
        await books.database.write(
            lambda unit: staging.stage(unit, school_id=books.school_id, batch_id="earlier", changes=[change])
        )
    with pytest.raises(ImportOvertaken):
        await books.database.write(
            lambda unit: import_flip.flip(unit, school_id=books.school_id, batch_id="earlier", now=NOW)
        )
    assert len((await books.known()).children) == 4


@pytest.mark.parametrize(
    "stale",
    [
        Staged(StagedKind.NEW_CHILD, "1043", "Ben Otieno", "Grade 1", "1043"),
        Staged(StagedKind.CHANGED_CHILD, "9999", "Nobody", "Grade 1"),
        Staged(StagedKind.NEW_GUARDIAN, name="Mary", phone="254712345678"),
        Staged(StagedKind.RENAMED_GUARDIAN, name="Nobody", phone="254799999999"),
        Staged(StagedKind.GAIN, "1043", phone="254712345678"),
        Staged(StagedKind.LOSS, "1043", phone="254722000111"),
        Staged(StagedKind.OPENING, "ADM/1042/24", amount_cents=100),
    ],
    ids=lambda staged: staged.kind.value,
)
async def test_a_plan_that_the_book_has_overtaken_flips_nothing(books: Books, stale: Staged) -> None:
    await books.bring_in(SMALL)
    before = await books.known()

    def begin(unit: Unit) -> None:
        fresh = Staged(StagedKind.NEW_CHILD, "2000", "Fay", "Grade 1", "2000")
        staging.begin(unit, school_id=books.school_id, batch_id="stale", now=NOW)
        staging.stage(unit, school_id=books.school_id, batch_id="stale", changes=[fresh, stale])

    await books.database.write(begin)
    with pytest.raises(ImportOvertaken):
        await books.database.write(
            lambda unit: import_flip.flip(unit, school_id=books.school_id, batch_id="stale", now=NOW)
        )
    assert await books.known() == before


def killed_after(path: Path, staged: int) -> None:
    """Runs in a process of its own: an import that dies by SIGKILL once so many rows are staged."""

    def die(done: int, _total: int) -> None:
        if done >= staged:
            os.kill(os.getpid(), signal.SIGKILL)

    async def go() -> None:
        books = await open_books(path)
        rows = [f"{number},Child {number},Grade 1,Parent,0712345678,10" for number in range(300)]
        await import_students(
            books.database,
            books.school_id,
            "\n".join((HEADER, *rows)).encode(),
            file_name="students.csv",
            dry_run=False,
            now=NOW,
            progress=die,
        )

    asyncio.run(go())


@pytest.mark.parametrize("staged", [0, 250, 901])
async def test_an_import_killed_half_way_changes_nothing_and_can_be_run_again(
    tmp_path: Path, staged: int
) -> None:
    path = tmp_path / "karo.db"
    code = f"import pathlib, {__name__} as here; here.killed_after(pathlib.Path({str(path)!r}), {staged})"
    dying = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=SAMPLE.parents[1])
    assert await dying.wait() == -signal.SIGKILL
    books = await open_books(path)
    try:
        assert await books.known() == SchoolList()
        assert (await books.bring_in(SMALL)).problems == ()
        assert len((await books.known()).children) == 4
        assert await books.staged() == 0
    finally:
        books.database.close()


async def test_the_sample_file_of_the_docs_comes_in(books: Books) -> None:
    outcome = await books.bring_in(SAMPLE.read_text(encoding="utf-8"))
    assert outcome.problems == ()
    assert outcome.plan is not None
    assert outcome.plan.notes == ()
