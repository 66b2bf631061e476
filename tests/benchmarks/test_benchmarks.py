"""The benchmarks run, and judge as they say. Nothing here asserts a time."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import pytest

from tests.benchmarks import __main__ as command
from tests.benchmarks.host import Counts, serve
from tests.benchmarks.memory import peak_mib
from tests.benchmarks.rounds import Round
from tests.benchmarks.subjects import DARAJA, MODULES
from tests.benchmarks.verdicts import Goal, Verdict, ratios

FASTER = Goal("faster", "at least", 2)
SMALLER = Goal("smaller", "at most", 0, "")


@pytest.mark.parametrize(
    ("goal", "values", "reached"),
    [
        (FASTER, [1, 3, 3], True),
        (FASTER, [1, 1, 2], True),  # the median misses, the best round does not
        (FASTER, [1, 1.9, 1.5], False),
        (SMALLER, [0, 0.1, 0.2], True),
        (SMALLER, [0.1, 0.2, 0.3], False),
    ],
)
def test_a_goal_is_missed_only_when_the_best_round_misses_too(
    goal: Goal, values: Sequence[float], reached: bool
) -> None:
    verdict = Verdict(goal, values)
    assert verdict.reached is reached
    assert verdict.line.startswith("reached" if reached else "MISSED")


def test_rounds_are_compared_with_the_round_beside_them() -> None:
    assert ratios([10, 40], [5, 10]) == (2, 4)


def test_a_round_is_counted_in_pushes_a_second() -> None:
    each = Round(200, 2.0, 0.1, 0, [0.010] * 199 + [1.0])
    assert (each.rate, round(each.cpu_us), round(each.p50_ms)) == (100, 500, 10)
    assert each.p99_ms >= 10


@pytest.mark.parametrize("name", sorted(MODULES))
async def test_each_subject_pushes_once_a_call_over_one_connection(name: str) -> None:
    counts = Counts()
    subject = importlib.import_module(f"tests.benchmarks.subjects.{MODULES[name]}").subject
    server = await serve(counts)
    async with server, subject(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as push:
        for _ in range(3):
            await push()
    assert counts == Counts(connections=1, pushes=3, tokens=int(name == DARAJA))


def test_a_benchmark_that_is_none_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["in-fright"]) == 2
    assert "in-flight" in capsys.readouterr().err


def test_memory_is_measured_in_mebibytes() -> None:
    assert 10 < peak_mib() < 10_000
