"""Results that two processes take in the same moment, on one PostgreSQL; and a book that is shut when one comes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.services.callbacks import CallbackVerdict
from storage import checks
from storage.database import DatabaseClosed
from tests.bot.services.asking import CODE, TOKEN, Asking, completed, open_asking, result
from tests.bot.services.counter import open_file
from tests.storage.pausing import stopped_before, two_processes

Pair = tuple[Asking, Asking]


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    async with two_processes(tmp_path) as (database, other):
        desk = await open_asking(database)
        await desk.question()
        yield desk, replace(desk, database=other)
        assert await database.read(lambda unit: checks.run(unit, desk.school.id, desk.now)) == []


@pytest.mark.parametrize("before", ["FROM questions", "INSERT INTO inbox_items", "INSERT INTO receipts"])
@pytest.mark.parametrize("other", [completed(), completed(DebitPartyName=None)])
async def test_a_result_that_comes_twice_at_once_is_credited_once(
    pair: Pair, before: str, other: bytes
) -> None:
    one, two = pair
    took = await stopped_before(
        one.database, before, one.answered.result(TOKEN, completed()), two.answered.result(TOKEN, other)
    )
    assert set(took) == {CallbackVerdict.ACCEPTED}
    assert [row.number for row in await one.rows("SELECT number FROM receipts")] == [CODE]
    assert len(await one.rows("SELECT id FROM ledger_entries WHERE kind = 'receipt'")) == 1
    assert (await one.status(), await one.concerns()) == ("paid", set())


@pytest.mark.parametrize("before", ["FROM questions", "FROM receipts", "UPDATE questions"])
async def test_a_time_out_and_a_result_at_once_end_as_the_result_says(pair: Pair, before: str) -> None:
    one, two = pair
    await stopped_before(
        one.database, before, one.answered.result(TOKEN, completed()), two.answered.timeout(TOKEN, result())
    )
    assert await one.status() == "paid"
    assert [tuple(row) for row in await one.rows("SELECT state, ask_at FROM questions")] == [
        ("answered", None)
    ]


async def test_what_comes_while_the_book_is_shut_is_not_said_to_be_kept(tmp_path: Path) -> None:
    database = open_file(tmp_path)
    desk = await open_asking(database)
    await desk.question()
    database.close()
    for take in (desk.answered.result, desk.answered.timeout):
        with pytest.raises(DatabaseClosed):
            await take(TOKEN, completed())
