"""Readers: beside the writer, on a snapshot, with no way to write."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy.exc import DBAPIError

from storage.database import Database, Unit
from tests.storage.writing import Gate, periods, take


async def test_readers_cannot_write(writing: Database) -> None:
    with pytest.raises(DBAPIError):
        await writing.read(take("never"))
    assert await writing.read(periods) == []


async def test_a_reader_sees_one_moment_from_beginning_to_end(writing: Database) -> None:
    looked, written = threading.Event(), threading.Event()
    await writing.write(take("before"))

    def look_twice(unit: Unit) -> tuple[list[str], list[str]]:
        first = periods(unit)
        looked.set()
        assert written.wait(10)
        return first, periods(unit)

    reading = asyncio.ensure_future(writing.read(look_twice))
    await asyncio.to_thread(looked.wait, 10)
    await writing.write(take("meanwhile"))
    written.set()
    assert await reading == (["before"], ["before"])
    assert await writing.read(periods) == ["before", "meanwhile"]


async def test_a_reader_sees_nothing_that_is_not_committed(writing: Database) -> None:
    gate = Gate()

    def write_and_wait(unit: Unit) -> None:
        take("not yet")(unit)
        gate(unit)

    writing_still = asyncio.ensure_future(writing.write(write_and_wait))
    await asyncio.to_thread(gate.entered.wait, 10)
    assert await writing.read(periods) == []
    gate.opened.set()
    await writing_still
    assert await writing.read(periods) == ["not yet"]
