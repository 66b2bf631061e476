"""The M-PESA line against a model, through any order of answers, trials, deaths and time."""

from __future__ import annotations

import asyncio
from collections import Counter as Count
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bot.services.line import TRIAL_S, Line
from storage import lines
from storage.database import Database
from storage.unit import Unit
from tests.bot.services.counter import empty, open_file
from tests.bot.services.line_desk import LineDesk, line_desk

#: A parent pays (0: M-PESA as it is, 1: from now on it refuses tokens, 2: from now on the firewall turns calls away), a
#: worker looks, one dies at it, M-PESA is mended, time passes.
_steps = st.one_of(
    st.tuples(st.just("pay"), st.integers(0, 2)),
    st.tuples(st.just("pay"), st.integers(0, 2)),
    st.tuples(st.just("look"), st.integers(0, 1)),
    st.tuples(st.just("die"), st.integers(0, 1)),
    st.tuples(st.just("mend"), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([5, 61, 130, 301, 1900, 4000, 90_000])),
)
HOW = ("", "token_refused", "firewall")
OUTCOME = {"": "requested", "token_refused": "failed", "firewall": "uncertain"}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One file for all stories, emptied before each."""
    database = open_file(tmp_path_factory.mktemp("lines"))
    yield database
    database.close()


class Model:
    """What must be true of the line, reckoned from what M-PESA answered."""

    def __init__(self, desk: LineDesk) -> None:
        self.desk = desk
        self.workers = [desk.worker("one"), desk.worker("other")]
        self.amount = 1000
        self.down = False
        self.outages = 0
        self.at_work: list[asyncio.Task[None]] = []

    async def act(self, what: str, how: int) -> None:
        if what == "pay":
            await self._pay(HOW[how])
        elif what == "look":
            await self._look(self.workers[how])
        elif what == "die":
            await self._die(how)
        elif what == "mend":
            self.desk.place.mpesa.line = ""
        else:
            self.desk.place.clock.advance(how)
            await self.desk.place.collect.tick()
            await self.desk.place.reconcile.tick()

    async def _pay(self, how: str) -> None:
        place = self.desk.place
        place.mpesa.line = how or place.mpesa.line
        self.amount += 1
        sent = len(place.mpesa.pushes) + place.mpesa.turned_away.count("push")
        was_down, line = self.down, await self._seen()
        by_push = was_down and line.by_push_at is not None and line.by_push_at <= place.clock()
        payment_id = await place.prompted(self.amount, phone=f"2547{self.amount:08}")
        left = len(place.mpesa.pushes) + place.mpesa.turned_away.count("push") > sent
        assert left == (not was_down or by_push)
        if left:
            assert await place.status(payment_id) == OUTCOME[place.mpesa.line]
            self._note(down=bool(place.mpesa.line))
        else:
            assert await place.status(payment_id) == "cancelled"
        await self._agrees()

    async def _look(self, worker: Line) -> None:
        probes = self.desk.place.mpesa.probes
        await worker.tick()
        if self.desk.place.mpesa.probes > probes and (self.down or self.desk.place.mpesa.line):
            self._note(down=bool(self.desk.place.mpesa.line))
        await self._agrees()

    async def _die(self, which: int) -> None:
        """Killed while it tries, if it was its turn; a new process takes its place."""
        mpesa, reached = self.desk.place.mpesa, asyncio.Event()

        async def forever() -> None:
            reached.set()
            await asyncio.Event().wait()

        mpesa.probing = self.desk.doctor.meanwhile = forever
        trying = asyncio.create_task(self.workers[which].tick())
        waiting = asyncio.create_task(reached.wait())
        await asyncio.wait({trying, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if reached.is_set():
            assert await self._nobody_else_tries(self.workers[1 - which])
        for task in (trying, waiting):
            task.cancel()
        await asyncio.gather(trying, waiting, return_exceptions=True)
        mpesa.probing = self.desk.doctor.meanwhile = None
        self.workers[which] = self.desk.worker(f"one, or other, after {len(mpesa.turned_away)}")
        await self._agrees()

    async def _nobody_else_tries(self, other: Line) -> bool:
        before = self.desk.place.mpesa.probes, self.desk.doctor.visits
        await asyncio.wait_for(other.tick(), 5)
        return before == (self.desk.place.mpesa.probes, self.desk.doctor.visits)

    def _note(self, *, down: bool) -> None:
        self.outages += down and not self.down
        self.down = down

    async def _seen(self) -> lines.Line:
        """As it is on disk, made where it is missing."""
        school_id = self.desk.place.school.id
        return await self.desk.place.database.write(lambda unit: lines.steady(unit, school_id))

    async def _agrees(self) -> None:
        line = await self._seen()
        assert (line.down, line.outage) == (self.down, self.outages)

    async def ends(self) -> None:
        """M-PESA is well for good: everybody hears, nobody twice, and the book is sound."""
        place = self.desk.place
        place.mpesa.line = ""
        for _ in range(4):
            place.clock.advance(TRIAL_S + 1900)
            for worker in self.workers:
                await worker.tick()
            await place.collect.tick()
            await place.reconcile.tick()
        assert not (await self._seen()).down
        assert "waiting" not in await self.desk.states()
        await place.deliver()
        assert await place.broken() == []
        keys = await place.database.read(_keys)
        assert max(Count(key for key in keys if key).values(), default=0) <= 1
        admins = Count(key.split(":")[2] for key in keys if key and key.startswith("line:"))
        assert admins["down"] == admins["works"] == self.outages


def _keys(unit: Unit) -> list[str]:
    return list(unit.core.execute(text("SELECT dedupe_key FROM outbox_messages")).scalars())


async def _live(database: Database, steps: list[tuple[str, int]]) -> None:
    await database.write(empty)
    async with line_desk(database) as desk:
        model = Model(desk)
        for what, how in steps:
            await model.act(what, how)
        await model.ends()


@settings(max_examples=15)
@given(st.lists(_steps, min_size=3, max_size=12))
def test_any_story_of_a_line(file: Database, steps: list[tuple[str, int]]) -> None:
    asyncio.run(_live(file, steps))
