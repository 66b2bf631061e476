"""Pushes a second, 50 in flight and one by one: the client beside bare HTTP libraries."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from statistics import median
from typing import Final

from tests.benchmarks.host import host, pin
from tests.benchmarks.rounds import Round, in_turns
from tests.benchmarks.subjects import AIOHTTP, DARAJA, HTTPX, HTTPX_AIOHTTP, MODULES, Subject
from tests.benchmarks.verdicts import Goal, Verdict, ratios

ROUNDS: Final = 7
SECONDS: Final = 1.2
IN_FLIGHT: Final = 50

OVER_HTTPX: Final = Goal("50 in flight, of bare httpx", "at least", 6)
OVER_HTTPX_AIOHTTP: Final = Goal("50 in flight, of bare httpx over httpx-aiohttp", "at least", 0.85)
NEW_CONNECTIONS: Final = Goal("new connections a push", "at most", 0, "")


def in_flight() -> bool:
    """50 callers at once. Whether every goal was reached."""
    done = _run(IN_FLIGHT)
    verdicts = [
        Verdict(OVER_HTTPX, _ratios(done, HTTPX)),
        Verdict(OVER_HTTPX_AIOHTTP, _ratios(done, HTTPX_AIOHTTP)),
        Verdict(NEW_CONNECTIONS, [each.new_connections / each.pushes for each in done[DARAJA]]),
    ]
    for verdict in verdicts:
        print(verdict.line)
    _last_line("in-flight", done)
    return all(verdict.reached for verdict in verdicts)


def one_by_one() -> bool:
    """One caller. Nothing is aimed at but that connections are kept."""
    done = _run(1)
    verdict = Verdict(NEW_CONNECTIONS, [each.new_connections / each.pushes for each in done[DARAJA]])
    print(verdict.line)
    _last_line("one-by-one", done)
    return verdict.reached


def subjects() -> dict[str, Subject]:
    """Every subject by its name."""
    package = "tests.benchmarks.subjects"
    return {name: importlib.import_module(f"{package}.{module}").subject for name, module in MODULES.items()}


def _run(callers: int) -> dict[str, list[Round]]:
    with host() as url:
        pin()
        done = asyncio.run(
            in_turns(subjects(), url, rounds=ROUNDS, in_flight=callers, seconds=SECONDS),
        )
    libraries = " ".join(f"{name} {version(name)}" for name in ("httpx", "httpx-aiohttp", "aiohttp"))
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {libraries}")
    print(
        f"{callers} in flight, {ROUNDS} rounds of {SECONDS} s in turns; medians, and the range of the rounds"
    )
    print(_table(done))
    return done


def _ratios(done: dict[str, list[Round]], floor: str) -> tuple[float, ...]:
    return ratios([each.rate for each in done[DARAJA]], [each.rate for each in done[floor]])


def _last_line(name: str, done: dict[str, list[Round]]) -> None:
    pushes = sum(each.pushes for each in done[DARAJA])
    connections = sum(each.new_connections for each in done[DARAJA])
    figures = {
        "benchmark": name,
        "pushes_per_s": round(median(each.rate for each in done[DARAJA])),
        "of_httpx": round(median(_ratios(done, HTTPX)), 2),
        "of_httpx_aiohttp": round(median(_ratios(done, HTTPX_AIOHTTP)), 2),
        "of_aiohttp": round(median(_ratios(done, AIOHTTP)), 2),
        "new_connections_a_push": connections / pushes,
    }
    print(json.dumps(figures))


def _table(done: dict[str, list[Round]]) -> str:
    lines = [
        "| who | pushes/s | p50 ms | p99 ms | CPU us a push | new connections a push |",
        "|---|---|---|---|---|---|",
    ]
    for name, rounds in done.items():
        columns = (
            _cell(rounds, lambda each: each.rate, ".0f"),
            _cell(rounds, lambda each: each.p50_ms, ".2f"),
            _cell(rounds, lambda each: each.p99_ms, ".2f"),
            _cell(rounds, lambda each: each.cpu_us, ".0f"),
            _cell(rounds, lambda each: each.new_connections / each.pushes, ".3g"),
        )
        lines.append(f"| {name} | {' | '.join(columns)} |")
    return "\n".join(lines)


def _cell(rounds: Sequence[Round], value: Callable[[Round], float], form: str) -> str:
    values = [value(each) for each in rounds]
    return f"{median(values):{form}} ({min(values):{form}}-{max(values):{form}})"
