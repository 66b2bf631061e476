"""What the web door is told about a callback, so that it can answer M-PESA."""

from __future__ import annotations

from enum import StrEnum


class CallbackVerdict(StrEnum):
    """Accepted: the body is committed, whatever its shape. Unknown token: no payment of ours has it."""

    ACCEPTED = "accepted"
    UNKNOWN_TOKEN = "unknown_token"  # noqa: S105 - a verdict's name, no secret
