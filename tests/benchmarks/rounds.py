"""Timing one subject for a moment: how many pushes, how long each took, what it cost the processor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from statistics import median, quantiles

from tests.benchmarks.host import counts_of
from tests.benchmarks.subjects import Push, Subject

WARM_UP = 3  #: pushes of each caller that are not counted: connections come about then


@dataclass(frozen=True, slots=True)
class Round:
    """One subject's turn. Times in seconds."""

    pushes: int
    lasted_s: float
    cpu_s: float
    new_connections: int
    each_s: Sequence[float] = field(repr=False)

    @property
    def rate(self) -> float:
        """Pushes a second."""
        return self.pushes / self.lasted_s

    @property
    def cpu_us(self) -> float:
        """Microseconds of this process's processor time a push."""
        return self.cpu_s / self.pushes * 1e6

    @property
    def p50_ms(self) -> float:
        """Half of the pushes were quicker."""
        return median(self.each_s) * 1e3

    @property
    def p99_ms(self) -> float:
        """All but one in a hundred were quicker."""
        return quantiles(self.each_s, n=100)[98] * 1e3


async def _keep_pushing(push: Push, until: float, each_s: list[float]) -> None:
    while (began := time.perf_counter()) < until:
        await push()
        each_s.append(time.perf_counter() - began)


async def _times(push: Push, times: int) -> None:
    for _ in range(times):
        await push()


async def one_round(push: Push, url: str, *, in_flight: int, seconds: float) -> Round:
    """`in_flight` callers, each with one push after the other, for so many seconds."""
    await push()  # the first of all brings the token, for which the others would stand in line
    await asyncio.gather(*(_times(push, WARM_UP) for _ in range(in_flight)))
    before, each_s = counts_of(url), list[float]()
    began, began_cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(_keep_pushing(push, began + seconds, each_s) for _ in range(in_flight)))
    lasted_s, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    after = counts_of(url)
    assert after.pushes - before.pushes == len(each_s), "a push was not sent, or was sent twice"
    return Round(len(each_s), lasted_s, cpu_s, after.connections - before.connections, each_s)


async def in_turns(
    subjects: dict[str, Subject], url: str, *, rounds: int, in_flight: int, seconds: float
) -> dict[str, list[Round]]:
    """Every subject once a round, in the same process and against the same host."""
    done: dict[str, list[Round]] = {name: [] for name in subjects}
    async with AsyncExitStack() as stack:
        ready = {name: await stack.enter_async_context(make(url)) for name, make in subjects.items()}
        for _ in range(rounds):
            for name, push in ready.items():
                done[name].append(await one_round(push, url, in_flight=in_flight, seconds=seconds))
    return done
