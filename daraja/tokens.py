"""Access tokens and where they are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

_MARGIN: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and the moment (aware) of its end."""

    value: str = field(repr=False)
    expires_at: datetime

    def is_good(self, now: datetime) -> bool:
        """Whether it still lives for a minute."""
        return now < self.expires_at - _MARGIN


class TokenStore(Protocol):
    """Where the token is kept. Several processes share one: a new token may end the one before.

    A claim ends by itself ten seconds after it was last made: its process may have died.
    """

    async def load(self) -> Token | None:
        """The token last saved, if any."""

    async def claim(self) -> bool:
        """Whether this process may mint now, and nobody else. Again while it mints: it is still at it."""

    async def save(self, token: Token) -> None:
        """Keep this one in place of any other, and end the claim; nothing when the claim was lost."""

    async def give_up(self) -> None:
        """End the claim without a token: others may try."""

    async def forget(self, value: str) -> None:
        """Drop the token if it is still this one."""


class MemoryTokenStore:
    """Keeps the token in this process."""

    def __init__(self) -> None:
        self._token: Token | None = None

    async def load(self) -> Token | None:
        """The token last saved, if any."""
        return self._token

    async def claim(self) -> bool:
        """Always: nobody else is there."""
        return True

    async def save(self, token: Token) -> None:
        """Keep this one in place of any other."""
        self._token = token

    async def give_up(self) -> None:
        """Nothing to do: nobody waits elsewhere."""

    async def forget(self, value: str) -> None:
        """Drop the token if it is still this one."""
        if self._token is not None and self._token.value == value:
            self._token = None
