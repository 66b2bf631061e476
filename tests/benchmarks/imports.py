"""What an import costs, each time in a fresh interpreter: wall time inside it, its own start not counted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Final

from tests.benchmarks.verdicts import Goal, Verdict, ratios

ROUNDS: Final = 7
_ROOT: Final = Path(__file__).parents[2]

HTTPX: Final = "import httpx"
DARAJA: Final = "import daraja"
CLIENT: Final = "from daraja import DarajaClient"
CODE: Final = {
    HTTPX: "import httpx",
    DARAJA: "import daraja",
    CLIENT: "from daraja import DarajaClient",
    "from daraja import parse_stk_callback": "from daraja import parse_stk_callback",
    "a first client made": (
        "import daraja; "
        "daraja.DarajaClient(daraja.Credentials('invented-key', 'invented-secret', '174379', 'passkey'))"
    ),
    "import aiohttp": "import aiohttp",
    "import httpx, httpx_aiohttp": "import httpx, httpx_aiohttp",
}
PACKAGE_GOAL: Final = Goal("import daraja, of import httpx", "at most", 1.3)


def imports() -> bool:
    """Whether the goal was reached. That the client's class costs more than the package's name is reported too."""
    for code in CODE.values():
        _milliseconds(code)  # bytecode is written, files are in memory
    done = {name: list[float]() for name in CODE}
    for _ in range(ROUNDS):
        for name, code in CODE.items():
            done[name].append(_milliseconds(code))
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {ROUNDS} fresh interpreters each")
    print("| what | ms | of import httpx |\n|---|---|---|")
    for name, taken in done.items():
        ratio = median(ratios(taken, done[HTTPX]))
        print(f"| {name} | {median(taken):.0f} ({min(taken):.0f}-{max(taken):.0f}) | {ratio:.2f} |")
    verdict = Verdict(PACKAGE_GOAL, ratios(done[DARAJA], done[HTTPX]))
    print(verdict.line)
    client = round(median(ratios(done[CLIENT], done[HTTPX])), 2)
    package = round(verdict.median, 2)
    print(json.dumps({"benchmark": "import", "daraja_of_httpx": package, "client_of_httpx": client}))
    return verdict.reached


def _milliseconds(code: str) -> float:
    timed = f"import time; began = time.perf_counter()\n{code}\nprint((time.perf_counter() - began) * 1000)\n"
    done = subprocess.run(
        [sys.executable, "-c", timed], cwd=_ROOT, capture_output=True, text=True, check=True
    )
    return float(done.stdout)
