"""Imports and corrections by two processes at once, on PostgreSQL: no opening balance is lost, doubled or halved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.services.imports import Outcome
from storage import checks, schools
from storage import imports as staging
from storage.imports import Staged, StagedKind
from storage.unit import Unit
from tests.bot.services.books import HEADER, NOW, SMALL, Books
from tests.storage.pausing import stopped_before, two_processes, waiting
from tests.storage.writing import Gate

DAN = f"{HEADER}\n1045,Dan Kip,Grade 2,Jane Njoki,0110000222,5000\n"
EVE_STAGED = Staged(StagedKind.NEW_CHILD, "1046", "Eve Wanja", "Grade 2", "1046")
EVE = f"{HEADER}\n1046,Eve Wanja,Grade 2,Jane Njoki,0110000222,700\n"


@pytest.fixture
async def clerks(tmp_path: Path) -> AsyncIterator[tuple[Books, Books]]:
    """Two processes with the same books; `karo check` must be clean at the end."""
    async with two_processes(tmp_path) as databases:
        school_id = await databases[0].write(
            lambda unit: schools.ensure(unit, name="Uhuru Primary", contact="0700 000 100", now=NOW)
        )
        one, other = (Books(database, school_id) for database in databases)
        yield one, other
        assert await one.database.read(lambda unit: checks.run(unit, school_id, NOW)) == []


def ended_well(came_to: object) -> bool:
    """An import that was taken; one that was not says so in words."""
    assert isinstance(came_to, Outcome), came_to
    return not came_to.problems


@pytest.mark.parametrize(
    "statement", ["INSERT INTO students", "INSERT INTO ledger_entries", "INSERT INTO ledger_lines"]
)
async def test_an_import_that_flips_is_not_swept_away_by_the_next_one(
    clerks: tuple[Books, Books], statement: str
) -> None:
    one, other = clerks
    first, second = await stopped_before(one.database, statement, one.bring_in(SMALL), other.bring_in(EVE))
    if ended_well(first):
        assert [await one.balance(n) for n in ("ADM/1042/24", "1043", "1044")] == [12_500_00, 0, -300_00]
    else:
        assert len((await one.known()).children) == ended_well(second)
    if ended_well(second):
        assert await one.balance("1046") == 700_00


async def test_an_opening_balance_is_corrected_by_two_at_once(clerks: tuple[Books, Books]) -> None:
    one, other = clerks
    await one.bring_in(SMALL)
    first, second = await stopped_before(
        one.database,
        "INSERT INTO audit_records",
        one.correct("ADM/1042/24", 20_000_00),
        other.correct("ADM/1042/24", 20_000_00),
    )
    assert await one.balance("ADM/1042/24") == 20_000_00
    assert sorted((first.difference_cents, second.difference_cents)) == [0, 7_500_00]


async def test_a_balance_is_corrected_while_an_import_posts_it(clerks: tuple[Books, Books]) -> None:
    one, other = clerks
    await one.bring_in(SMALL)
    imported, corrected = await stopped_before(
        one.database, "INSERT INTO ledger_lines", one.bring_in(DAN), other.correct("1045", 5000_00)
    )
    assert ended_well(imported)
    assert corrected.difference_cents == 0
    assert await one.balance("1045") == 5000_00


async def test_an_import_posts_a_balance_while_it_is_corrected(clerks: tuple[Books, Books]) -> None:
    one, other = clerks
    await one.bring_in(SMALL)
    corrected, imported = await stopped_before(
        one.database, "INSERT INTO ledger_lines", one.correct("1045", 4000_00), other.bring_in(DAN)
    )
    assert corrected.opening_cents == 4000_00
    assert not ended_well(imported)
    assert await one.balance("1045") == 4000_00


async def test_of_two_imports_that_begin_at_once_the_later_one_goes_on(clerks: tuple[Books, Books]) -> None:
    one, other = clerks
    held = Gate()

    def earlier(unit: Unit) -> None:
        staging.begin(unit, school_id=one.school_id, batch_id="earlier", now=NOW)
        staging.stage(unit, school_id=one.school_id, batch_id="earlier", changes=[EVE_STAGED])
        held(unit)

    first = asyncio.create_task(one.database.write(earlier))
    await asyncio.to_thread(held.entered.wait, 10)
    second = asyncio.create_task(other.bring_in(EVE))
    await waiting(one.database, second)
    held.opened.set()
    await first
    assert ended_well(await second)
    assert await one.staged() == 0


async def test_an_import_that_begins_while_another_lays_its_rows_down_breaks_neither(
    clerks: tuple[Books, Books],
) -> None:
    one, other = clerks

    def sweep(unit: Unit) -> None:
        staging.begin(unit, school_id=other.school_id, batch_id="later", now=NOW)

    first, swept = await stopped_before(
        one.database, "INSERT INTO import_rows", one.bring_in(EVE), other.database.write(sweep)
    )
    assert swept is None
    assert ended_well(first) is ("1046" in {child.admission_number for child in (await one.known()).children})
