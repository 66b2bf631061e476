"""Signs of life: each process writes its own row, and only that."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from storage import processes
from storage.database import Database, Unit
from storage.processes import Taken
from tests.builders import NOON, a_school
from tests.storage.conftest import OpenAgain

LATER = NOON + timedelta(seconds=10)


def sign(name: str, *, kind: str = "web", now: datetime = NOON, **taken: datetime) -> Callable[[Unit], None]:
    return lambda unit: processes.be_seen(
        unit,
        name=name,
        school_id=1,
        kind=kind,
        started_at=NOON,
        now=now,
        taken={Taken(what): at for what, at in taken.items()},
    )


@pytest.fixture
async def school(database: Database) -> Database:
    await database.write(a_school)
    return database


async def the_known(database: Database) -> dict[str, processes.Process]:
    rows = await database.read(lambda unit: processes.known(unit, 1))
    return {row.name: row for row in rows}


async def test_a_process_is_written_down_when_it_is_first_seen(school: Database) -> None:
    await school.write(sign("one", kind="worker", update=NOON))
    one = (await the_known(school))["one"]
    assert (one.kind, one.started_at, one.seen_at, one.update_at, one.query_at) == (
        "worker",
        NOON,
        NOON,
        NOON,
        None,
    )


async def test_what_it_took_earlier_stays_until_it_takes_it_again(school: Database) -> None:
    await school.write(sign("one", callback=NOON, query=NOON))
    await school.write(sign("one", now=LATER, query=LATER))
    one = (await the_known(school))["one"]
    assert (one.seen_at, one.callback_at, one.query_at) == (LATER, NOON, LATER)


async def test_no_process_touches_anothers_row(school: Database, open_again: OpenAgain) -> None:
    other = open_again()
    await school.write(sign("one"))
    await asyncio.gather(
        *(school.write(sign("one", now=LATER)) for _ in range(20)),
        *(other.write(sign("two", kind="worker", now=NOON)) for _ in range(20)),
    )
    known = await the_known(other)
    assert {name: row.seen_at for name, row in known.items()} == {"one": LATER, "two": NOON}


async def test_it_leaves_and_the_others_stay(school: Database) -> None:
    await school.write(sign("one"))
    await school.write(sign("two"))
    await school.write(lambda unit: processes.leave(unit, "one"))
    assert set(await the_known(school)) == {"two"}


async def test_only_what_was_not_seen_for_long_is_forgotten(school: Database) -> None:
    await school.write(sign("dead", now=NOON - timedelta(days=1, seconds=1)))
    await school.write(sign("quiet", now=NOON - timedelta(hours=23)))
    gone = await school.write(lambda unit: processes.forget(unit, 1, NOON - timedelta(days=1)))
    assert (gone, set(await the_known(school))) == (1, {"quiet"})


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
async def test_a_process_that_hangs_over_its_row_hinders_nobody_else(
    school: Database, open_again: OpenAgain
) -> None:
    other = open_again()
    hangs, goes_on = threading.Event(), threading.Event()

    def hang(unit: Unit) -> None:
        sign("one")(unit)
        hangs.set()
        goes_on.wait(30)

    hanging = asyncio.create_task(school.write(hang))
    await asyncio.to_thread(hangs.wait, 30)
    await other.write(sign("two"))
    assert set(await the_known(other)) == {"two"}
    goes_on.set()
    await hanging
    assert set(await the_known(other)) == {"one", "two"}
