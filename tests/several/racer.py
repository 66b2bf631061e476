"""A worker in a race: `python -m tests.several.racer SEED`, its settings in the environment.

Reads one line of JSON, a list of {payment, token, body}; then reports every one of them by a callback, asks M-PESA
about every one, and looks at every one as staff would, all at once and in an order of its own.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Awaitable

from bot import logs
from bot.settings import load_settings
from bot.wiring import Karo, open_for, the_school

AT_ONCE = 12


async def race(seed: int) -> None:
    """The whole of it; says `ready`, and `done` when nothing is left."""
    settings = load_settings("worker", env_file=None)
    logs.configure("WARNING", settings.secrets(), sys.stderr)
    database = open_for(settings)
    karo = Karo(settings, database, await the_school(database, settings))
    print("ready", flush=True)
    reports = json.loads(await asyncio.to_thread(sys.stdin.readline))
    settle, reconcile = karo.verbs.settle, karo.verbs.reconcile
    work: list[tuple[str, int]] = [(kind, n) for n in range(len(reports)) for kind in ("told", "looked")]
    work += [("ticked", n) for n in range(len(reports) // 20)]
    random.Random(seed).shuffle(work)

    def one(kind: str, n: int) -> Awaitable[object]:
        if kind == "told":
            return settle.callback(reports[n]["token"], json.dumps(reports[n]["body"]).encode())
        return reconcile.check(reports[n]["payment"]) if kind == "looked" else reconcile.tick()

    gate = asyncio.Semaphore(AT_ONCE)

    async def in_turn(kind: str, n: int) -> None:
        async with gate:
            await one(kind, n)

    await asyncio.gather(*(in_turn(kind, n) for kind, n in work))
    await karo.daraja.aclose()
    await asyncio.to_thread(database.close)
    print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(race(int(sys.argv[1])))
