"""What can go wrong on the way to Telegram: scripted faults, and the limit on messages a second."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field


class ApiError(Exception):
    """An answer as Telegram gives it when it refuses: HTTP status, description, parameters."""

    def __init__(self, status: int, description: str, *, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.retry_after = retry_after


def too_many_requests(retry_after: int) -> ApiError:
    """429, as Telegram words it."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls one call.

    error: given instead of doing anything. drop_after_accept: done, but the connection breaks amid it.
    delay_s: done, but the answer comes that many seconds late. html: answered by some gateway on the way.
    """

    error: ApiError | None = None
    drop_after_accept: bool = False
    delay_s: float = 0.0
    html: bool = False


@dataclass(slots=True)
class Faults:
    """The faults to come, by method."""

    _coming: dict[str, deque[Fault]] = field(default_factory=dict)

    def add(self, method: str, fault: Fault, times: int) -> None:
        """Let the next `times` calls of a method fail so."""
        self._coming.setdefault(method.lower(), deque()).extend([fault] * times)

    def take(self, method: str) -> Fault:
        """The fault of this very call; one that changes nothing when none is scripted."""
        waiting = self._coming.get(method.lower())
        return waiting.popleft() if waiting else Fault()


@dataclass(slots=True)
class SlidingWindow:
    """At most `limit` passes in any second; time is given in seconds from anywhere."""

    limit: int
    _passed: deque[float] = field(default_factory=deque)

    def enter(self, now: float) -> None:
        """Pass. Raises ApiError 429 when the last second is full; a refused call does not count."""
        while self._passed and self._passed[0] <= now - 1.0:
            self._passed.popleft()
        if len(self._passed) >= self.limit:
            raise too_many_requests(max(1, math.ceil(self._passed[0] + 1.0 - now)))
        self._passed.append(now)
