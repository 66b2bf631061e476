"""What is aimed at, and whether it was reached: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio, or a count, that should be at least or at most `limit`."""

    text: str
    wanted: Literal["at least", "at most"]
    limit: float
    unit: str = " x"

    def meets(self, value: float) -> bool:
        """Whether one value is good enough."""
        return value >= self.limit if self.wanted == "at least" else value <= self.limit


@dataclass(frozen=True, slots=True)
class Verdict:
    """A goal and what each round gave."""

    goal: Goal
    values: Sequence[float]

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.values)

    @property
    def reached(self) -> bool:
        """False only when the median misses and the best round misses too: machines are shared."""
        best = max(self.values) if self.goal.wanted == "at least" else min(self.values)
        return self.goal.meets(self.median) or self.goal.meets(best)

    @property
    def line(self) -> str:
        """The goal, the median, and the range of the rounds."""
        goal, word = self.goal, "reached" if self.reached else "MISSED"
        least, most = f"{min(self.values):.2f}", f"{max(self.values):.2f}"
        return (
            f"{word}: {goal.text}: {self.median:.2f}{goal.unit} ({least} to {most}), "
            f"aimed at {goal.wanted} {goal.limit:g}{goal.unit}"
        )


def ratios(over: Sequence[float], under: Sequence[float]) -> tuple[float, ...]:
    """Round by round: what ran side by side is compared, not what ran a minute apart."""
    return tuple(a / b for a, b in zip(over, under, strict=True))
