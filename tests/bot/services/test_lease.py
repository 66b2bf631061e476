"""Work under a lease: by one process at a time, ended when the lease is lost, handed over at a stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.services.lease import FINISH_S, LEASE_S, RENEW_S, TRY_S, LeaseKeeper, Tenure
from storage.database import Database, DatabaseClosed
from storage.opening import open_database
from storage.unit import Unit
from tests.bot.channels.poller_desk import Heard, heard
from tests.bot.services.leasing import NAME, SOON_S, HandTime, House, Worker, house, keeping
from tests.bot.services.process import utc_now
from tests.builders import a_school
from tests.databases import MASTER_KEY, fresh_sqlite
from tests.storage.writing import Gate


@pytest.fixture
async def home(database_url: str) -> AsyncIterator[House]:
    async with house(database_url) as made:
        yield made


async def rename(database: Database, before: str, after: str) -> None:
    """Takes a table away, or gives it back: statements fail meanwhile."""
    await database.write(
        lambda unit: unit.core.exec_driver_sql(f"ALTER TABLE {before} RENAME TO {after}").close()
    )


def events(log: Heard) -> list[str]:
    return [entry["event"] for entry in log.entries]


async def still(home: House, tenure: Tenure) -> bool:
    return await home.database.write(tenure.still)


async def written(home: House) -> None:
    """What was asked of the writer so far is done, and those who asked have heard."""
    for _ in range(3):
        await asyncio.sleep(0)
        await home.database.write(lambda _: None)


async def test_one_works_while_the_other_waits_and_a_stop_hands_over_at_once(home: House) -> None:
    one, two, second = Worker(), Worker(), home.open()
    async with keeping(home.keeper("one"), one) as stop_one:
        await one.until_begun()
        async with keeping(home.keeper("two", second), two):
            await asyncio.sleep(5 * SOON_S)
            assert (two.tenures, await home.holder()) == ([], "one")
            stop_one.set()
            one.may_end.set()
            await two.until_begun()
            assert await still(home, two.tenures[0])
            assert not await still(home, one.tenures[0])
    assert (one.fences, two.fences) == ([1], [2])
    assert one.cancelled == 0
    assert await home.holder() is None


async def test_at_a_stop_the_work_may_finish_while_it_still_holds(home: House) -> None:
    seen: list[bool] = []
    begun, stopping = asyncio.Event(), asyncio.Event()

    async def work(tenure: Tenure) -> None:
        begun.set()
        await stopping.wait()
        await asyncio.sleep(SOON_S)
        seen.append(await still(home, tenure))

    async with keeping(home.keeper("one"), work) as stop:
        await begun.wait()
        stop.set()
        stopping.set()
    assert seen == [True]


async def test_work_that_does_not_end_at_a_stop_is_cancelled(home: House) -> None:
    time, worker = HandTime(), Worker()
    async with keeping(home.by_hand("one", time), worker) as stop:
        await worker.until_begun()
        stop.set()
        await written(home)
        assert worker.cancelled == 0
        time.advance(FINISH_S)
        await worker.until_cancelled()
    assert await home.holder() is None


async def test_a_dead_holder_is_replaced_when_its_lease_ends(home: House) -> None:
    dead = await home.take("dead", lease_s=0.3)
    worker = Worker()
    async with keeping(home.keeper("two"), worker):
        await worker.until_begun()
        assert worker.fences == [dead.fence + 1]


async def test_renewing_goes_on_beside_the_work(home: House) -> None:
    time, worker = HandTime(), Worker()
    async with keeping(home.by_hand("one", time), worker):
        await worker.until_begun()
        for _ in range(10):
            await written(home)
            time.advance(RENEW_S)
        await written(home)
        assert worker.tenures[0].believed
        time.advance(LEASE_S)
        await worker.until_cancelled()


async def test_a_refused_renewal_ends_the_work_and_the_keeper_tries_again(home: House) -> None:
    worker = Worker()
    async with keeping(home.keeper("one"), worker):
        await worker.until_begun()
        thief = await home.take("thief", alone=True)
        assert not await still(home, worker.tenures[0])
        await worker.until_cancelled()
        assert await home.holder() == "thief"
        await home.release(thief)
        await worker.until_begun(2)
        assert worker.fences == [1, 3]
        assert await still(home, worker.tenures[1])


async def test_a_database_out_of_reach_ends_the_work_in_time_and_not_the_keeper(home: House) -> None:
    time, worker, other = HandTime(), Worker(), home.open()
    async with keeping(home.by_hand("one", time), worker):
        await worker.until_begun()
        with heard() as log:
            await rename(other, "leases", "away")
            time.advance(RENEW_S)
            await log.signal.until(lambda: "lease.out_of_reach" in events(log), 20)
            await written(home)
            assert worker.tenures[0].believed
            time.advance(LEASE_S - RENEW_S)
            assert not worker.tenures[0].believed
            await worker.until_cancelled()
            assert events(log).count("lease.lost") == 1
        for _ in range(3):
            await written(home)
            time.advance(TRY_S)
        await rename(other, "away", "leases")
        while len(worker.tenures) < 2:
            await written(home)
            time.advance(TRY_S)
    assert worker.fences == [1, 1]  # nobody else held it in between


async def test_a_renewal_that_hangs_ends_the_work_in_time(home: House) -> None:
    time, worker, gate = HandTime(), Worker(), Gate()
    async with keeping(home.by_hand("one", time), worker):
        await worker.until_begun()
        held_up = asyncio.ensure_future(home.database.write(gate))
        await asyncio.to_thread(gate.entered.wait, 10)
        fenced = asyncio.ensure_future(still(home, worker.tenures[0]))
        time.advance(LEASE_S)
        await worker.until_cancelled()
        gate.opened.set()
        await held_up
        assert not await fenced


@pytest.mark.parametrize("error", [None, OSError("the line is dead")], ids=["ends", "raises"])
async def test_work_that_ends_by_itself_is_told_and_begun_again(home: House, error: Exception | None) -> None:
    worker = Worker(error=error)
    with heard() as log:
        async with keeping(home.keeper("one"), worker):
            await worker.until_begun()
            worker.may_end.set()
            await worker.until_begun(2)
    assert worker.fences[:2] == [1, 2]
    assert ("lease.work_ended" if error is None else "lease.work_failed") in events(log)


async def test_who_is_alone_on_its_file_begins_at_once(tmp_path: Path) -> None:
    url = fresh_sqlite(tmp_path)
    async with house(url) as home:
        await home.take("killed")
    database = open_database(url, [MASTER_KEY], exclusive=True)
    worker = Worker()
    async with keeping(LeaseKeeper(database, 1, NAME, "started again", clock=utc_now), worker):
        await worker.until_begun()
    assert worker.fences == [2]
    database.close()


async def test_a_closed_database_ends_it(tmp_path: Path) -> None:
    database = open_database(fresh_sqlite(tmp_path), [MASTER_KEY])
    await database.write(a_school)
    worker = Worker()
    running = asyncio.create_task(
        LeaseKeeper(database, 1, NAME, "one", clock=utc_now, renew_s=SOON_S, try_s=SOON_S).run(
            asyncio.Event(), worker
        )
    )
    await worker.until_begun()
    database.close()
    with pytest.raises(DatabaseClosed):
        await asyncio.wait_for(running, 20)


def test_a_tenure_that_is_over_says_no_without_asking() -> None:
    tenure = Tenure(1, NAME, "one", 1, utc_now, lambda: 0.0, deadline=1.0)
    assert tenure.believed
    tenure.end()
    assert not tenure.believed
    assert not tenure.still(Unit.__new__(Unit))
