"""Taking updates in while processes die and connections break: PostgreSQL, as several processes have it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from bot.channels.telegram import arrived
from bot.services.incoming import Arrived
from storage.database import Database
from storage.opening import open_database
from tests.bot.services.counter import Clock
from tests.bot.services.dies_after_200 import SECRETS
from tests.bot.services.intaking import Process, a_process, processes, sql, states, taken_order, written
from tests.databases import MASTER_KEY, drop_postgres, fresh_postgres

ROOT = Path(__file__).parents[3]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    url = fresh_postgres(tmp_path)
    yield url
    drop_postgres(url)


@pytest.fixture
async def crew(url: str) -> AsyncIterator[list[Process]]:
    """Two processes on it."""
    databases = [open_database(url, [MASTER_KEY]) for _ in range(2)]
    yield await processes(databases, Clock())
    for database in databases:
        database.close()


@pytest.mark.parametrize("when", ["before", "amid"])
async def test_what_a_killed_process_had_answered_is_finished_by_another(
    url: str, crew: list[Process], when: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bot.services.dies_after_200", url, str(crew[0].school_id), when,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    hook = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
    async with httpx.AsyncClient(trust_env=False) as telegram:
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRETS[1]}
        answer = await telegram.post(hook, content=written(1, 41), headers=headers)
    assert answer.status_code == 200
    if when == "amid":
        assert (await asyncio.wait_for(process.stdout.readline(), 60)).strip() == b"amid"
        await crew[0].intake.tick()  # somebody holds it: it is left to them
        assert await states(crew[0].database) == {"1": "waiting"}
    process.kill()
    await process.wait()
    async with asyncio.timeout(30):  # until PostgreSQL has noticed
        while await states(crew[0].database) == {"1": "waiting"}:
            await crew[0].intake.tick()
    assert await states(crew[0].database) == {"1": "done"}
    assert await taken_order(crew[0].database) == {"41": ["1"]}


async def test_a_lost_connection_is_no_updates_fault(url: str, crew: list[Process]) -> None:
    cut = [True]

    def read(body: bytes) -> Arrived:
        if cut.pop():
            asyncio.run(_cut_everybody_off(url))
        return arrived(body)

    for number in (1, 2):
        await crew[0].intake.store(written(number, 41))
    lonely = a_process(crew[0].database, crew[0].school_id, Clock(), read)
    assert await lonely.intake.work("telegram", "41") == 0
    rows = await crew[1].database.read(
        lambda unit: unit.core.exec_driver_sql("SELECT tries, state FROM arrivals").all()
    )
    assert {tuple(row) for row in rows} == {(0, "waiting")}
    cut.append(False)
    cut.append(False)
    assert await lonely.intake.work("telegram", "41") == 2
    assert await taken_order(crew[1].database) == {"41": ["1", "2"]}


async def test_a_closed_database_takes_nothing_and_loses_nothing(crew: list[Process]) -> None:
    await crew[0].intake.store(written(1, 41))
    crew[0].database.close()
    assert await crew[0].intake.work("telegram", "41") == 0
    await crew[1].intake.tick()
    assert await states(crew[1].database) == {"1": "done"}


async def _cut_everybody_off(url: str) -> None:
    other: Database = open_database(url, [MASTER_KEY])
    await sql(
        other,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND state = 'idle in transaction' AND pid <> pg_backend_pid()",
    )
    other.close()
