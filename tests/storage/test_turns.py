"""Whose turn it is with the writer."""

from __future__ import annotations

import asyncio

import pytest

from storage.turns import DatabaseClosed, Job, Turns


class Timer:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def job(name: str) -> Job:
    loop = asyncio.get_running_loop()
    made = Job(lambda _unit: name, loop, loop.create_future())
    made.result, made.hindered = name, 1
    return made


def names(turns: Turns, count: int) -> list[object]:
    return [found and found.result for found in (turns.next() for _ in range(count))]


async def test_those_put_off_give_way_to_others_in_between() -> None:
    timer = Timer()
    turns = Turns(timer)
    for name in ("again 1", "again 2"):
        turns.put_off(job(name))
    for name in ("first", "second", "third"):
        turns.put(job(name))
    timer.now = 60.0
    turns.close()
    again = {"again 1", "again 2"}
    order = names(turns, 6)
    assert [name in again for name in order] == [True, False, True, False, False, False]
    assert [name for name in order if name not in again] == ["first", "second", "third", None]


async def test_nobody_waits_for_one_that_is_not_due() -> None:
    turns = Turns(Timer())
    turns.put_off(job("much later"))
    turns.put(job("now"))
    assert names(turns, 1) == ["now"]
    assert turns.more() is None


async def test_closing_waits_for_those_put_off() -> None:
    turns = Turns()
    turns.put_off(job("again"))
    turns.put(job("waiting"))
    turns.close()
    turns.close()
    with pytest.raises(DatabaseClosed):
        turns.put(job("too late"))
    assert names(turns, 3) == ["waiting", "again", None]


async def test_each_try_comes_later_than_the_one_before() -> None:
    """Whatever chance adds, the third wait is longer than the first."""
    timer = Timer()
    for hindered, at_least in ((1, 0.02), (3, 0.15), (9, 0.8)):
        turns = Turns(timer)
        put_off = job("again")
        put_off.hindered = hindered
        turns.put_off(put_off)
        turns.put(job("other"))
        timer.now += at_least * 0.99
        assert names(turns, 1) == ["other"]
        timer.now += at_least * 1.02
        turns.put(job("other"))
        assert names(turns, 1) == ["again"]
