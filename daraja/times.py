"""M-PESA's clock: Nairobi time without a zone mark, as `YYYYMMDDHHmmss` or, in Pull, `YYYY-MM-DD HH:mm:ss`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]

NAIROBI: Final = ZoneInfo("Africa/Nairobi")
_FORM: Final = "%Y%m%d%H%M%S"
_STAMP_LENGTH: Final = 14
_ISO: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE
)


def utc_now() -> datetime:
    """The system's clock, aware."""
    return datetime.now(UTC)


def to_stamp(at: datetime) -> str:
    """Daraja's Timestamp for an aware moment. Raises ValueError on a moment without a zone."""
    if at.tzinfo is None:
        raise ValueError("a moment without a time zone has no Nairobi time")
    return at.astimezone(NAIROBI).strftime(_FORM)


def from_stamp(text: str) -> datetime | None:
    """The moment (aware, UTC) that M-PESA's digits mean; None when they mean none."""
    if len(text) != _STAMP_LENGTH or not (text.isascii() and text.isdigit()):
        return None
    try:
        return datetime.strptime(text, _FORM).replace(tzinfo=NAIROBI).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def from_text(text: str) -> datetime | None:
    """The moment (aware, UTC) of `2026-11-22 09:00:00`, of that with a T, a Z or an offset, or of a stamp.

    What bears no zone is Nairobi time. None for what is none of these.
    """
    if not _ISO.fullmatch(text):
        return from_stamp(text)
    try:
        moment = datetime.fromisoformat(text.upper())
        return (moment if moment.tzinfo else moment.replace(tzinfo=NAIROBI)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def to_text(at: datetime) -> str:
    """`2026-11-22 09:00:00` in Nairobi for an aware moment. Raises ValueError on a moment without a zone."""
    if at.tzinfo is None:
        raise ValueError("a moment without a time zone has no Nairobi time")
    return at.astimezone(NAIROBI).strftime("%Y-%m-%d %H:%M:%S")
