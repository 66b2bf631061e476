"""Stage `clock`: ours against the Date header of M-PESA's answer."""

from __future__ import annotations

from typing import Final

from daraja.doctor.causes import CauseClass
from daraja.doctor.findings import Evidence, Finding, Verdict
from daraja.doctor.visit import Visit, skipped

STAGE: Final = "clock"
NAME: Final = "date"
TOLERANCE_S: Final = 60.0  # the margin that tokens are given; M-PESA publishes none


def look(visit: Visit) -> Finding:
    """Up to a minute apart is right."""
    if visit.ahead_s is None:
        return skipped(STAGE, NAME, "no answer of M-PESA carried the time")
    apart_s = abs(visit.ahead_s)
    allowed = f"up to {TOLERANCE_S:g} s counts as right"
    if apart_s <= TOLERANCE_S:
        return Finding(
            STAGE,
            NAME,
            Verdict.GOOD,
            f"Our clock and M-PESA's are {apart_s:.0f} s apart; {allowed}.",
            proves="Tokens end, and passwords are stamped, at the right time.",
            leaves_open="That the clock stays right.",
            evidence=Evidence.DERIVED,
        )
    ours = "behind" if visit.ahead_s > 0 else "ahead of"
    return Finding(
        STAGE,
        NAME,
        Verdict.BAD,
        f"Our clock is {apart_s:.0f} s {ours} M-PESA's; {allowed}.",
        proves="One of the two clocks is wrong; M-PESA goes by its own.",
        leaves_open=CauseClass.CLOCK.leaves_open,
        fix=CauseClass.CLOCK.next_step,
        evidence=Evidence.DERIVED,
    )
