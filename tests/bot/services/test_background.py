"""Work beside the answers, when the process ends: what was begun is waited for, and nothing more is begun."""

from __future__ import annotations

import asyncio

from bot.services.background import Background


async def test_what_is_asked_for_while_the_process_ends_is_left_to_others() -> None:
    """A payment claimed now would never leave: queued, its row is found by another process."""
    done: list[str] = []
    background = Background(done=lambda: None)
    ending = asyncio.Event()

    async def push() -> None:
        done.append("push")

    async def step() -> None:
        await ending.wait()
        done.append("step")
        background.start(push())

    background.start(step())
    finishing = asyncio.create_task(background.finish(5.0))
    await asyncio.sleep(0)
    ending.set()
    await finishing
    await asyncio.sleep(0)
    assert done == ["step"]


async def test_what_runs_is_waited_for_and_then_broken_off() -> None:
    ended: list[str] = []
    background = Background(done=lambda: ended.append("done"))

    async def endless() -> None:
        await asyncio.Event().wait()

    background.start(endless())
    await asyncio.sleep(0)
    await background.finish(0.0)
    assert ended == ["done"]
