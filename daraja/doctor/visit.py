"""What one examination knows so far, as its stages hand it on."""

from __future__ import annotations

from dataclasses import dataclass

from daraja.doctor.findings import Finding, Verdict
from daraja.doctor.probes import Prober
from daraja.doctor.subject import Subject
from daraja.tokens import Token


@dataclass(slots=True)
class Visit:
    """token: the newest, None before there is one. ahead_s: M-PESA's clock before ours, None when not known.

    halted: why the wire is left alone from here on; empty while it is not. query_open: whether the STK query
    passed its probe, so that it may be asked about shortcode and passkey.
    """

    subject: Subject
    prober: Prober
    token: Token | None = None
    ahead_s: float | None = None
    halted: str = ""
    query_open: bool = False


def skipped(stage: str, name: str, why: str) -> Finding:
    """A check that was left out."""
    return Finding(stage, name, Verdict.SKIPPED, f"Not asked: {why}.")
