"""The findings of one examination, as the tree asks about them; and what a fork of the tree may answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from daraja.doctor.causes import CauseClass
from daraja.doctor.findings import Finding, Verdict
from daraja.doctor.reading import Reading, read


@dataclass(frozen=True, slots=True)
class Found:
    """The end of the walk. by: the findings it rests on. also, parted_by, next_step: as in a Diagnosis."""

    cause: CauseClass
    answered: str
    by: tuple[Finding, ...] = ()
    also: tuple[CauseClass, ...] = ()
    parted_by: str = ""
    next_step: str = ""


Outcome = Found | str
"""What a fork comes to: the cause, or how its question was answered and the walk goes on."""


class Case:
    """Findings by stage and name; of two with one name the later counts."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.all = tuple(findings)
        self._named = {(finding.stage, finding.name): finding for finding in self.all}

    def get(self, stage: str, name: str) -> Finding | None:
        """One finding, None when it was not made."""
        return self._named.get((stage, name))

    def of(self, stage: str) -> tuple[Finding, ...]:
        """All of a stage."""
        return tuple(finding for finding in self.all if finding.stage == stage)

    def bad(self, stage: str) -> tuple[Finding, ...]:
        """What is wrong in a stage."""
        return tuple(finding for finding in self.of(stage) if finding.verdict is Verdict.BAD)

    def reading(self, stage: str, name: str) -> Reading | None:
        """What a probe told; None when it was not asked."""
        finding = self.get(stage, name)
        return None if finding is None else reading_of(finding)


def reading_of(finding: Finding) -> Reading | None:
    """What the probe behind a finding told; None when it was left out."""
    if finding.verdict is Verdict.SKIPPED:
        return None
    if finding.verdict is Verdict.GOOD:
        return Reading.PASSED
    reading = Reading.ODD if finding.exchange is None else read(finding.exchange)
    return Reading.ODD if reading is Reading.PASSED else reading
