"""What an examination yields: exchanges, findings, and the one diagnosis they lead to. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """What one check came to."""

    GOOD = "good"
    WARNING = "warning"  #: works, and is likely to bite
    BAD = "bad"
    UNKNOWN = "unknown"  #: asked, and the answer does not tell
    SKIPPED = "skipped"  #: not asked: an earlier finding makes it pointless, or a setting is missing


class Evidence(StrEnum):
    """How well the reading of an answer is founded."""

    DOCUMENTED = "documented"  #: by Safaricom
    REPORTED = "reported"  #: by several independent users
    SANDBOX = "sandbox"  #: measured in the sandbox only
    DERIVED = "derived"  #: concluded from other facts, not seen as such


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call over the wire, as support may read it: no secret, no phone, no token in any field.

    endpoint: method and URL without query values. http_status: None when no status line came; then `trouble`
    says what did (an exception's class). request_id: M-PESA's own. took_s: seconds.
    """

    endpoint: str
    at: datetime
    http_status: int | None
    code: str = ""
    message: str = ""
    request_id: str = ""
    trouble: str = ""
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. stage: `settings`, `database`, `telegram`, `network`, `oauth`, `products`, `passkey`, `callback`,
    `clock`, `credential`. name: unique within the stage. said: one sentence for a person. proves, leaves_open:
    what this verdict shows, and what it does not. fix: what to do about it, empty when nothing."""

    stage: str
    name: str
    verdict: Verdict
    said: str
    proves: str = ""
    leaves_open: str = ""
    fix: str = ""
    evidence: Evidence = Evidence.DOCUMENTED
    exchange: Exchange | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One fork of the decision tree that was taken: the question, and how it was answered."""

    asked: str
    answered: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The ONE most likely class of cause. cause: a word of `CauseClass`.

    also: classes that answer alike; parted_by: the question that tells them apart. next_step: the portal's page, the
    setting's name, or whom to write to. sandbox_only: rests on what was measured in the sandbox alone.
    """

    cause: str
    said: str
    path: tuple[Step, ...]
    next_step: str
    also: tuple[str, ...] = ()
    parted_by: str = ""
    sandbox_only: bool = False

    @property
    def well(self) -> bool:
        """Whether nothing is wrong."""
        return self.cause == "well"
