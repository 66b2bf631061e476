"""Where the processor time of a push goes, 50 in flight: each package's own share, for each subject."""

from __future__ import annotations

import asyncio
import cProfile
import importlib
import json
import pstats
from collections import Counter
from pathlib import PurePath
from typing import Final

from tests.benchmarks.host import host, pin
from tests.benchmarks.memory import IN_FLIGHT
from tests.benchmarks.rounds import WARM_UP
from tests.benchmarks.subjects import DARAJA, MODULES, Push, Subject

PUSHES_EACH: Final = 8
_OURS: Final = (
    "daraja",
    "aiohttp",
    "httpx_aiohttp",
    "httpx",
    "httpcore",
    "h11",
    "anyio",
    "multidict",
    "yarl",
)


def profile() -> bool:
    """Reported only. The profiler makes short functions look dearer than they are: read the shares, not the times."""
    shares: dict[str, Counter[str]] = {}
    with host() as url:
        pin()
        for name, module in MODULES.items():
            subject: Subject = importlib.import_module(f"tests.benchmarks.subjects.{module}").subject
            shares[name] = asyncio.run(_shares(subject, url))
    packages = sorted(
        {package for each in shares.values() for package in each}, key=lambda p: -shares[DARAJA][p]
    )
    print(f"| share of the time, % | {' | '.join(shares)} |\n|---|{'---|' * len(shares)}")
    for package in packages:
        if any(each[package] >= 1 for each in shares.values()):
            cells = (f"{each[package]:.0f}" if each[package] else "" for each in shares.values())
            print(f"| {package} | {' | '.join(cells)} |")
    ours = round(shares[DARAJA]["daraja"])
    print(json.dumps({"benchmark": "profile", "daraja_of_a_push_percent": ours}))
    return True


async def _shares(subject: Subject, url: str) -> Counter[str]:
    async with subject(url) as push:
        await asyncio.gather(*(_times(push, WARM_UP) for _ in range(IN_FLIGHT)))
        profiler = cProfile.Profile()
        profiler.enable()
        await asyncio.gather(*(_times(push, PUSHES_EACH) for _ in range(IN_FLIGHT)))
        profiler.disable()
    spent: Counter[str] = Counter()
    for (path, _, function), (_, _, own_s, _, _) in pstats.Stats(profiler).stats.items():  # type: ignore[attr-defined]
        if "select.epoll" not in function:  # waiting is not work
            spent[_package(path, function)] += own_s
    whole_s = sum(spent.values())
    return Counter({package: own_s / whole_s * 100 for package, own_s in spent.items()})


def _package(path: str, function: str) -> str:
    """The package that a function belongs to; of the standard library, the module."""
    parts = PurePath(path).parts
    known = next((part for part in parts if part in _OURS), None)
    if known is not None:
        return known
    if "asyncio" in parts or "asyncio" in function:
        return "asyncio"
    return "sockets" if "_socket" in function or "_ssl" in function else "built-ins and the rest"


async def _times(push: Push, times: int) -> None:
    for _ in range(times):
        await push()
