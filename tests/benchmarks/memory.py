"""Peak memory of a process that does nothing but push, 50 in flight; a fresh process each."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Final

from tests.benchmarks.host import host
from tests.benchmarks.subjects import MODULES, Subject

ROUNDS: Final = 5
PUSHES_EACH: Final = 10
IN_FLIGHT: Final = 50
_ROOT: Final = Path(__file__).parents[2]
_HIGHEST: Final = re.compile(r"VmHWM:\s*(\d+) kB")


def memory() -> bool:
    """Reported only: nothing is aimed at."""
    done = {name: list[float]() for name in MODULES}
    with host() as url:
        for _ in range(ROUNDS):
            for name, module in MODULES.items():
                done[name].append(_peak_of_a_process(module, url))
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {ROUNDS} processes each")
    print(f"{IN_FLIGHT} in flight, {IN_FLIGHT * PUSHES_EACH} pushes each")
    print("| who | peak MiB |\n|---|---|")
    for name, peaks in done.items():
        print(f"| {name} | {median(peaks):.1f} ({min(peaks):.1f}-{max(peaks):.1f}) |")
    medians = {name: round(median(peaks), 1) for name, peaks in done.items()}
    print(json.dumps({"benchmark": "memory", "peak_mib": medians}))
    return True


def _peak_of_a_process(module: str, url: str) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.memory", module, url]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout)


async def push_much(subject: Subject, url: str, times: int) -> None:
    """50 callers, each with so many pushes one after the other."""
    async with subject(url) as push:

        async def caller() -> None:
            for _ in range(times):
                await push()

        await asyncio.gather(*(caller() for _ in range(IN_FLIGHT)))


def peak_mib() -> float:
    """The most this process has held. Where the system tells it only together with its parent's, that."""
    try:
        found = _HIGHEST.search(Path("/proc/self/status").read_text(encoding="ascii"))
    except OSError:
        found = None
    if found is not None:
        return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    made: Subject = importlib.import_module(f"tests.benchmarks.subjects.{sys.argv[1]}").subject
    asyncio.run(push_much(made, sys.argv[2], PUSHES_EACH))
    print(peak_mib())
