"""When M-PESA is asked about a silent payment: pure."""

from __future__ import annotations

from datetime import datetime, timedelta

_SECONDS_AFTER_PUSH = (
    30, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1800,
    3600, 2 * 3600, 4 * 3600, 8 * 3600, 16 * 3600, 24 * 3600,
)  # fmt: skip
UNDECIDED_WAIT = timedelta(seconds=10)
UNDECIDED_IN_A_ROW = 3
FAILURE_COUNTS_AFTER = timedelta(seconds=180)
GIVE_UP_AFTER = timedelta(hours=24)
NOT_EVEN_ASKED_AFTER = timedelta(hours=48)  # the questions themselves go unanswered
_SOONEST_AFTER_ERROR = timedelta(seconds=30)
_LATEST_AFTER_ERROR = timedelta(minutes=30)


def next_check(pushed_at: datetime, now: datetime, undecided: int = 0) -> datetime:
    """The next time to ask. undecided: answers in a row that decided nothing (asked again soon)."""
    if 0 < undecided <= UNDECIDED_IN_A_ROW:
        return now + UNDECIDED_WAIT
    for seconds in _SECONDS_AFTER_PUSH:
        at = pushed_at + timedelta(seconds=seconds)
        if at > now:
            return at
    return now + timedelta(hours=8)


def after_error(pushed_at: datetime, now: datetime) -> datetime:
    """When to ask again after a question without an answer: soon while somebody waits, then ever later."""
    return now + min(max((now - pushed_at) / 4, _SOONEST_AFTER_ERROR), _LATEST_AFTER_ERROR)


def is_over(pushed_at: datetime, now: datetime) -> bool:
    """Whether a payment has been unknown for so long that a person must look."""
    return now - pushed_at >= GIVE_UP_AFTER
