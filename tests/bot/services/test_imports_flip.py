"""Between plan and flip: another import, a changed book, a SIGKILL. Nothing is ever half taken."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from bot.services.imports import import_students
from storage import import_flip
from storage import imports as staging
from storage.imports import ImportOvertaken, SchoolList, Staged, StagedKind
from storage.unit import Unit
from tests.bot.services.books import HEADER, NOW, SMALL, Books, open_books

ROOT = Path(__file__).parents[3]


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
    dying = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=ROOT)
    assert await dying.wait() == -signal.SIGKILL
    books = await open_books(path)
    try:
        assert await books.known() == SchoolList()
        assert (await books.bring_in(SMALL)).problems == ()
        assert len((await books.known()).children) == 4
        assert await books.staged() == 0
    finally:
        books.database.close()
