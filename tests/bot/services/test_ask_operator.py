"""An operator whose password is wrong is not locked by our own questions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from storage.questions import MOST_CODES
from tests.bot.services.asking import Asking, open_asking, result
from tests.bot.services.counter import open_file
from tests.daraja.host import Host, wire
from tests.storage.pausing import stopped_before, two_processes

ACCEPTED = (200, wire("operation_accepted"))
CODES = [f"UKM1ABCDE{number}" for number in range(1, 8)]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Asking]:
    database = open_file(tmp_path)
    yield await open_asking(database)
    database.close()


def taking_all() -> Host:
    host = Host()
    host.answers.extend([ACCEPTED] * 60)
    return host


async def ticks(desk: Asking, host: Host, times: int, every: timedelta = timedelta(seconds=2)) -> int:
    """How often M-PESA was asked in so many ticks."""
    before = len(host.posts)
    async with host.client(clock=desk.clock) as daraja:
        for _ in range(times):
            await desk.ask(daraja).tick()
            desk.now += every
    return len(host.posts) - before


async def say(desk: Asking, host: Host, body: bytes) -> None:
    """The answer to the last question."""
    token = host.posts[-1].body["ResultURL"].rsplit("/", 1)[1]
    await desk.answered.result(token, body)


async def test_nothing_else_is_asked_before_mpesa_has_answered_to_this_operator_once(desk: Asking) -> None:
    host = taking_all()
    for code in CODES[:4]:
        await desk.claim(code)
    assert await ticks(desk, host, 10) == 1
    await say(desk, host, result(ResultCode=2001))
    assert await ticks(desk, host, 10) == 0


async def test_once_it_has_answered_the_others_are_asked_at_once(desk: Asking) -> None:
    host = taking_all()
    for code in CODES[:4]:
        await desk.claim(code)
    await ticks(desk, host, 1)
    await say(desk, host, result(ResultCode="R000002"))
    assert await ticks(desk, host, 1) == 3


async def test_a_silent_mpesa_does_not_hold_up_the_others_for_long(desk: Asking) -> None:
    host = taking_all()
    for code in CODES[:3]:
        await desk.claim(code)
    assert await ticks(desk, host, 5, timedelta(seconds=100)) == 3


async def test_faults_one_after_the_other_are_asked_ever_more_seldom(desk: Asking) -> None:
    host = taking_all()
    waited = []
    for number, code in enumerate(CODES[:5]):
        await desk.claim(code)
        for hour in range(30):
            if await ticks(desk, host, 1):
                waited.append(hour)
                await say(desk, host, result(ResultCode=2001, ConversationID=f"AG_{number}"))
                break
            desk.now += timedelta(hours=1)
    assert waited == [0, 1, 4, 24, 24]


async def test_two_workers_at_once_try_the_operator_once(tmp_path: Path) -> None:
    host = taking_all()
    async with two_processes(tmp_path) as (database, other):
        desk = await open_asking(database)
        beside = replace(desk, database=other)
        for code in CODES[:4]:
            await desk.claim(code)
        async with host.client(clock=desk.clock) as daraja:
            await stopped_before(
                database, "UPDATE questions", desk.ask(daraja).tick(), beside.ask(daraja).tick()
            )
    assert len(host.posts) == 1


async def test_a_parent_who_sends_in_codes_without_end_is_asked_about_a_few(desk: Asking) -> None:
    host = taking_all()
    for number in range(30):
        await desk.claim(f"UKM1ABC{number:03}")
    for _ in range(40):
        if await ticks(desk, host, 1):
            await say(desk, host, result(ResultCode="R000002"))
    assert len({post.body["TransactionID"] for post in host.posts}) == MOST_CODES
