"""Two processes that find no school at the same moment make one."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from sqlalchemy import event, func, select

from storage import schools
from storage.schema import table_of
from storage.unit import Unit
from tests.builders import NOON
from tests.storage.conftest import OpenAgain


async def test_the_first_school_is_made_once(open_again: OpenAgain) -> None:
    first, second = open_again(), open_again()
    made, go_on, waits = threading.Event(), threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slowly(unit: Unit) -> int:
        school_id = schools.ensure(unit, "Uhuru", "020 1", NOON)
        made.set()
        assert go_on.wait(20)
        return school_id

    @event.listens_for(second.write_engine, "before_cursor_execute")
    def asks_for_the_lock(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement == "BEGIN IMMEDIATE" or statement.endswith("FOR UPDATE"):
            loop.call_soon_threadsafe(waits.set)

    one = asyncio.create_task(first.write(slowly))
    await asyncio.to_thread(made.wait, 20)
    other = asyncio.create_task(second.write(lambda unit: schools.ensure(unit, "Uhuru", "020 1", NOON)))
    waiting = asyncio.create_task(waits.wait())
    await asyncio.wait({other, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    go_on.set()

    assert await one == await other
    counted = select(func.count()).select_from(table_of(schools.School))
    assert await first.read(lambda unit: unit.core.execute(counted).scalar_one()) == 1
