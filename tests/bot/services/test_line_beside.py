"""The M-PESA line between two processes on one PostgreSQL: what leaves, and who is told, in the same moment."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.services.announce import Announcer
from bot.services.collect import Collect
from bot.services.line import Line
from bot.services.settle import Settle
from daraja import DarajaClient
from storage.database import Database
from tests.bot.services.counter import SANDBOX, counter
from tests.bot.services.line_desk import LineDesk
from tests.storage.pausing import two_processes

MINUTE = 60


@dataclass
class Beside:
    """A desk, and another process's verbs on the same database, with the same M-PESA."""

    desk: LineDesk
    database: Database
    collect: Collect
    line: Line


@pytest.fixture
async def beside(tmp_path: Path) -> AsyncIterator[Beside]:
    async with two_processes(tmp_path) as (database, other), counter(database) as place:
        announce = Announcer(place.school, place.clock)
        settle = Settle(other, place.school, place.clock, announce)
        tokens = (f"{number:032x}" for number in itertools.count(0xBEE000))
        async with (
            DarajaClient(SANDBOX, transport=place.mpesa, clock=place.clock) as daraja,
            DarajaClient(SANDBOX, transport=place.mpesa, clock=place.clock) as its,
        ):
            desk = LineDesk(place, daraja)
            yield Beside(
                desk,
                other,
                Collect(
                    other, its, place.school, place.clock, announce, settle, new_token=lambda: next(tokens)
                ),
                Line(
                    other,
                    place.school,
                    place.clock,
                    name="other",
                    probe=its.probe_push,
                    examine=desk.doctor,
                    chance=lambda: 0.5,
                ),
            )
        await place.deliver()
        assert await place.broken() == []


async def test_of_many_at_once_one_is_the_trial(beside: Beside) -> None:
    desk, place = beside.desk, beside.desk.place
    one = desk.worker("one")
    await desk.goes_down()
    for _ in range(5):
        await desk.passes(15 * MINUTE, one)
    ids = [await place.queued(2000 + n, phone=f"25472{n:07}") for n in range(8)]
    before = place.mpesa.turned_away.count("push")
    await asyncio.gather(
        *(beside.collect.push(each) if each % 2 else place.collect.push(each) for each in ids)
    )
    assert place.mpesa.turned_away.count("push") - before == 2
    assert sorted([await place.status(each) for each in ids]) == ["cancelled"] * 7 + ["failed"]
    assert (await desk.line()).down


async def test_many_refused_at_once_open_it_once(beside: Beside) -> None:
    desk, place = beside.desk, beside.desk.place
    place.mpesa.line = "token_refused"
    ids = [await place.queued(2000 + n, phone=f"25472{n:07}") for n in range(8)]
    await asyncio.gather(
        *(beside.collect.push(each) if each % 2 else place.collect.push(each) for each in ids)
    )
    line = await desk.line()
    assert (line.down, line.outage) == (True, 1)
    statuses = {await place.status(each) for each in ids}
    assert statuses <= {"failed", "cancelled"}
    place.mpesa.line = ""
    one = desk.worker("one")
    await asyncio.gather(one.tick(), beside.line.tick())
    place.clock.advance(2 * MINUTE)
    await asyncio.gather(one.tick(), beside.line.tick())
    await asyncio.gather(one.tick(), beside.line.tick())
    assert not (await desk.line()).down
    assert set(await desk.states()) == {"told"}
