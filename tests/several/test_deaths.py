"""A process that dies with everything in its hands: the others finish what it had begun."""

from __future__ import annotations

import asyncio
import signal

from storage import leases
from tests.several.cluster import Cluster, Runner
from tests.several.families import agree, link, paid_messages, pay, to_the_prompt

LEASE_AND_FIVE_S = 10 + 5


async def sender_of(town: Cluster, name: str = "sender") -> Runner:
    """The worker that holds a lease."""
    held = await town.database.read(lambda unit: leases.holder_of(unit, town.school_id, name, now=town.now()))
    assert held is not None
    pid = int(held.holder.split(":")[1])
    return next(runner for runner in town.runners if runner.process.pid == pid)


async def test_the_sender_is_replaced_within_its_lease_and_five_seconds(town: Cluster) -> None:
    await town.start(web=1, worker=2)
    parents = [town.parent(number) for number in range(4)]
    await asyncio.gather(*map(link, parents))
    town.api.fail_next("sendMessage", delay_s=30, times=3)  # some are on their way when it dies
    for parent in parents:
        parent.say("/balance")
    await town.until(lambda: len(town.api.calls_of("sendMessage")) >= 3)

    await town.stop(await sender_of(town), signal.SIGKILL)

    for parent in parents:
        await parent.wait_for("KES 20,000", LEASE_AND_FIVE_S)
    assert await pay(parents[0])
    agree(town)


async def test_a_worker_killed_while_families_pay_loses_nothing(town: Cluster) -> None:
    await town.start(web=2, worker=2)
    parents = [town.parent(number) for number in range(6)]
    await asyncio.gather(*map(link, parents))
    for parent in parents:
        await to_the_prompt(parent)

    await town.stop(await sender_of(town), signal.SIGKILL)

    for parent in parents:
        await parent.wait_for("Paid", 60)
    assert len(town.mpesa.pushes) == len(parents)
    assert [len(paid_messages(parent)) for parent in parents] == [1] * len(parents)
    agree(town)


async def test_what_families_write_while_no_web_process_runs_is_taken_by_the_next_one(town: Cluster) -> None:
    await town.start(web=1, worker=1)
    parent = town.parent(0)
    await link(parent)
    [web] = town.of_kind("web")

    await town.stop(web, signal.SIGKILL)
    parent.say("/balance")
    await town.launch("web")

    await parent.wait_for("KES 20,000", 60)
