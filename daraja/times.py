"""M-PESA's clock: Nairobi time without a zone mark, as `YYYYMMDDHHmmss`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]

NAIROBI: Final = ZoneInfo("Africa/Nairobi")
_FORM: Final = "%Y%m%d%H%M%S"
_STAMP_LENGTH: Final = 14


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
