"""Leases: one holder at a time, replaced when it is not heard of; a fence that tells holdings apart."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import update

from storage import jobs, leases
from storage.database import Database, Unit
from storage.leases import LEASES, Held
from tests.builders import NOON, a_school
from tests.storage.conftest import OpenAgain
from tests.storage.writing import Gate

NAME = "sender"
LEASE_S = 3600.0  #: longer than any test takes: it ends only when the test says so


def take(unit: Unit, holder: str, **more: bool) -> Held | None:
    return leases.take(unit, 1, NAME, holder, now=datetime.now(UTC), lease_s=LEASE_S, **more)


def held(unit: Unit, holder: str, **more: bool) -> Held:
    taken = take(unit, holder, **more)
    assert taken is not None
    return taken


def stands(unit: Unit, one: Held) -> bool:
    return leases.holds(unit, 1, one.name, one.holder, one.fence, now=datetime.now(UTC))


def release(unit: Unit, one: Held) -> bool:
    return leases.release(unit, 1, one.name, one.holder, one.fence, now=datetime.now(UTC))


def holder(unit: Unit) -> str | None:
    found = leases.holder_of(unit, 1, NAME, now=datetime.now(UTC))
    return None if found is None else found.holder


def let_it_lapse(unit: Unit) -> None:
    """As if the holder had not been heard of for an hour."""
    unit.core.execute(update(LEASES).values(until=datetime.now(UTC) - timedelta(hours=1)))


@pytest.fixture
async def school(database: Database) -> Database:
    await database.write(a_school)
    return database


async def test_one_holder_at_a_time(school: Database) -> None:
    def look(unit: Unit) -> None:
        assert holder(unit) is None
        first = held(unit, "one")
        assert (first.fence, holder(unit)) == (1, "one")
        assert take(unit, "two") is None
        assert stands(unit, first)

    await school.write(look)


async def test_renewing_keeps_the_fence_and_puts_the_end_off(school: Database) -> None:
    first = await school.write(lambda unit: held(unit, "one"))
    again = await school.write(lambda unit: held(unit, "one"))
    assert again.fence == first.fence
    assert again.until > first.until


async def test_who_is_not_heard_of_is_replaced_and_can_do_nothing_any_more(school: Database) -> None:
    def look(unit: Unit) -> None:
        first = held(unit, "one")
        let_it_lapse(unit)
        assert holder(unit) is None
        assert not stands(unit, first)
        second = held(unit, "two")
        assert second.fence == first.fence + 1
        assert take(unit, "one") is None
        assert not stands(unit, first)
        assert not release(unit, first)
        assert stands(unit, second)

    await school.write(look)


async def test_who_comes_back_before_anybody_else_goes_on_under_its_fence(school: Database) -> None:
    def look(unit: Unit) -> None:
        first = held(unit, "one")
        let_it_lapse(unit)
        assert held(unit, "one").fence == first.fence
        assert stands(unit, first)

    await school.write(look)


async def test_what_is_released_is_free_at_once_and_its_fence_is_never_used_again(school: Database) -> None:
    def look(unit: Unit) -> None:
        first = held(unit, "one")
        assert release(unit, first)
        assert holder(unit) is None
        assert not stands(unit, first)
        assert held(unit, "one").fence == first.fence + 1
        assert not release(unit, first)
        assert holder(unit) == "one"

    await school.write(look)


async def test_who_is_alone_on_the_database_waits_for_no_dead_holder(school: Database) -> None:
    def look(unit: Unit) -> None:
        first = held(unit, "one")
        assert held(unit, "two", alone=True).fence == first.fence + 1
        assert not stands(unit, first)

    await school.write(look)


async def test_leases_of_other_names_are_other_leases(school: Database) -> None:
    def look(unit: Unit) -> None:
        held(unit, "one")
        other = leases.take(unit, 1, "polling", "two", now=datetime.now(UTC), lease_s=LEASE_S)
        assert other is not None
        let_it_lapse(unit)
        held(unit, "three")
        assert leases.holder_of(unit, 1, "polling", now=datetime.now(UTC)) is None

    await school.write(look)


async def test_a_machine_whose_clock_is_wrong_steals_nothing(school: Database) -> None:
    """SQLite has no clock of its own: there it is one machine."""
    ahead, behind = NOON + timedelta(days=9999), NOON - timedelta(days=9999)
    first = await school.write(lambda unit: held(unit, "one"))

    def steal(unit: Unit) -> Held | None:
        return leases.take(unit, 1, NAME, "two", now=ahead, lease_s=LEASE_S)

    def holds(unit: Unit) -> bool:
        return leases.holds(unit, 1, NAME, "one", first.fence, now=behind)

    stolen = await school.write(steal)
    assert (stolen is None) == school.shared
    assert await school.write(holds) == school.shared


async def test_of_many_that_try_at_once_one_gets_it(school: Database, open_again: OpenAgain) -> None:
    crowd = [school, open_again(), open_again()]
    for turn in range(1, 6):
        tries = [crowd[n % 3].write(partial(take, holder=f"{turn}-{n}")) for n in range(12)]
        got = [one for one in await asyncio.gather(*tries) if one is not None]
        assert [one.fence for one in got] == [turn]
        await school.write(let_it_lapse)


async def test_no_successor_slips_in_before_a_fenced_unit_has_committed(
    school: Database, open_again: OpenAgain
) -> None:
    first = await school.write(lambda unit: held(unit, "one"))
    other, gate = open_again(), Gate()

    def fenced(unit: Unit) -> bool:
        if not stands(unit, first):
            return False
        gate(unit)
        return jobs.claim_period(unit, 1, "work", "as one", NOON)

    def succeed(unit: Unit) -> tuple[int, bool]:
        second = held(unit, "two", alone=True)
        return second.fence, jobs.claim_period(unit, 1, "work", "as one", NOON)

    working = asyncio.ensure_future(school.write(fenced))
    await asyncio.to_thread(gate.entered.wait, 10)
    succeeding = asyncio.ensure_future(other.write(succeed))
    await asyncio.wait({succeeding}, timeout=0.05)
    gate.opened.set()
    assert await working
    assert await succeeding == (2, False)  # it came after, and saw what was done before it
