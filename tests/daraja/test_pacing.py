"""Pacing: even gaps, first come first served, and nothing used up by who gave up."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from daraja import BadRequest, Pace
from tests.daraja.host import Host, push, wire


class Time:
    """A clock that only sleeping moves. Sleepers that are `held` sleep until they are let go."""

    def __init__(self, *, wakes_after: float = 1.0) -> None:
        self.at = 100.0
        self.asleep = asyncio.Event()
        self.held: asyncio.Event | None = None
        self._share = wakes_after

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.asleep.set()
        if self.held is not None:
            await self.held.wait()
        await asyncio.sleep(0)
        self.at += max(seconds * self._share, 0.001)


async def _leave(pace: Pace, time: Time, name: int, left: list[tuple[int, float]]) -> None:
    await pace.turn()
    left.append((name, round(time.at - 100.0, 3)))


async def test_callers_leave_evenly_spaced_in_the_order_they_came() -> None:
    time, left = Time(), list[tuple[int, float]]()
    pace = Pace(4, now=time.now, sleep=time.sleep)
    await asyncio.gather(*(_leave(pace, time, number, left) for number in range(5)))
    assert left == [(0, 0.0), (1, 0.25), (2, 0.5), (3, 0.75), (4, 1.0)]


async def test_a_quiet_minute_saves_up_no_turns() -> None:
    time, left = Time(), list[tuple[int, float]]()
    pace = Pace(2, now=time.now, sleep=time.sleep)
    await pace.turn()
    time.at += 60
    await asyncio.gather(*(_leave(pace, time, number, left) for number in range(3)))
    assert [at for _, at in left] == [60.0, 60.5, 61.0]


async def test_a_sleep_that_ends_early_is_slept_on() -> None:
    time, left = Time(wakes_after=0.5), list[tuple[int, float]]()
    pace = Pace(1, now=time.now, sleep=time.sleep)
    await asyncio.gather(*(_leave(pace, time, number, left) for number in range(3)))
    assert all(after - before >= 1 for (_, before), (_, after) in pairwise(left))


async def test_who_gives_up_waiting_uses_up_no_turn() -> None:
    time, left = Time(), list[tuple[int, float]]()
    pace = Pace(1, now=time.now, sleep=time.sleep)
    await pace.turn()
    time.held = asyncio.Event()
    first = asyncio.create_task(_leave(pace, time, 1, left))
    second = asyncio.create_task(_leave(pace, time, 2, left))
    await time.asleep.wait()
    first.cancel()
    time.held.set()
    await second
    assert first.cancelled()
    assert left == [(2, 1.0)]


async def test_who_gives_up_standing_in_line_lets_the_others_by() -> None:
    time, left = Time(), list[tuple[int, float]]()
    pace = Pace(1, now=time.now, sleep=time.sleep)
    await pace.turn()
    time.held = asyncio.Event()
    tasks = [asyncio.create_task(_leave(pace, time, number, left)) for number in (1, 2, 3)]
    await time.asleep.wait()
    tasks[1].cancel()
    time.held.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert left == [(1, 1.0), (3, 2.0)]


@pytest.mark.parametrize("per_s", [0, -1, float("nan"), float("inf")])
def test_a_pace_is_a_number_above_nothing(per_s: float) -> None:
    with pytest.raises(BadRequest):
        Pace(per_s)


async def test_a_clients_pushes_wait_their_turn_and_its_queries_do_not() -> None:
    time, host = Time(), Host()
    host.answers.extend([(200, wire("push_accepted"))] * 3 + [(200, wire("query_paid"))])
    async with host.client(pushes_per_s=Pace(2, now=time.now, sleep=time.sleep)) as client:
        await asyncio.gather(*(push(client) for _ in range(3)))
        await client.stk_query("ws_CO_191220191020363925")
    assert time.at == 101.0
    assert len(host.posts) == 4


async def test_a_number_is_a_pace_as_well() -> None:
    host = Host()
    host.answers.append((200, wire("push_accepted")))
    async with host.client(pushes_per_s=1000) as client:
        await push(client)
    with pytest.raises(BadRequest):
        host.client(pushes_per_s=0)
