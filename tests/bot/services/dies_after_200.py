"""A process that stores an update, answers 200, and never comes to work on it, or never to the end of that.

Run as a module with the database's URL, the school's id and "before" or "amid"; it prints its webhook's address, and
"amid" once it holds an update in an open transaction. It waits to be killed.
"""

from __future__ import annotations

import asyncio
import sys
import time

from starlette.applications import Starlette

from bot.channels.telegram import arrived
from bot.services.incoming import Arrived
from bot.web.server import serving
from bot.web.updates import telegram_route
from storage.opening import open_database
from tests.bot.services.counter import Clock
from tests.bot.services.intaking import a_process
from tests.databases import MASTER_KEY

SECRETS = ("path", "header")


async def serve(url: str, school_id: int, when: str) -> None:
    """Until the end of the process."""
    readings: list[bytes] = []

    def read(body: bytes) -> Arrived:
        readings.append(body)
        if len(readings) > 1:  # the first reading is the door's, the second one stands inside the step
            print("amid", flush=True)
            time.sleep(600)
        return arrived(body)

    process = a_process(open_database(url, [MASTER_KEY]), school_id, Clock(), read)
    under_way: list[asyncio.Task[int]] = []

    def begin(address: str) -> None:
        if when == "amid":
            under_way.append(asyncio.create_task(process.intake.work("telegram", address)))

    app = Starlette(routes=[telegram_route(*SECRETS, process.intake.store, begin)])
    async with serving(app, "127.0.0.1", 0) as base:
        print(f"{base}/telegram/{SECRETS[0]}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
