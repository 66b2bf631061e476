"""The queue of updates as Telegram keeps it: until somebody confirms them by asking for later ones."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from bot.playground.faults import ApiError
from bot.playground.signals import Signal

Json = dict[str, Any]

_MOST = 100
_ALLOWED_WHEN_NOT_SAID = ("message", "callback_query", "my_chat_member")


class UpdateQueue:
    """Update ids grow by one. `webhook`: the address that is set, "" for none; nobody may poll beside one.

    `asked_for`: the kinds of update that the bot named; none: Telegram's default.
    """

    def __init__(self, signal: Signal) -> None:
        self.unconfirmed: list[Json] = []
        self.webhook = ""
        self.asked_for: list[str] = []
        self._signal = signal
        self._next_id = 700_000_001
        self._allowed: tuple[str, ...] = _ALLOWED_WHEN_NOT_SAID
        self._reader = 0
        self._ended_by = ""
        self._closed = False

    def put(self, kind: str, content: Json) -> None:
        """A new update, unless the bot did not ask for that kind."""
        if kind in self._allowed:
            self.unconfirmed.append({"update_id": self._next_id, kind: content})
            self._next_id += 1
            self._signal.ring()

    def ask_for(self, kinds: list[str] | None) -> None:
        """From now on only these kinds come; None changes nothing, an empty list is Telegram's default."""
        if kinds is not None:
            self.asked_for = list(kinds)
            self._allowed = tuple(kinds) or _ALLOWED_WHEN_NOT_SAID

    def set_webhook(self, url: str) -> None:
        """Set it, or with "" delete it. Whoever waits in a long poll is sent away by a new one."""
        self.webhook = url
        if url:
            self._send_away("terminated by setWebhook request")

    def forget(self, update_id: int) -> None:
        """Somebody took it."""
        self.unconfirmed = [update for update in self.unconfirmed if update["update_id"] != update_id]
        self._signal.ring()

    def clear(self) -> None:
        """Forget them all."""
        self.unconfirmed = []

    def close(self) -> None:
        """Let every waiting reader go, and keep none waiting from now on."""
        self._closed = True
        self._signal.ring()

    async def read(self, *, offset: int, limit: int, wait_s: float, allowed: list[str] | None) -> list[Json]:
        """A long poll. Raises ApiError 409 with a webhook set, and when another reader comes meanwhile."""
        if self.webhook:
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        self.ask_for(allowed)
        self.unconfirmed = [update for update in self.unconfirmed if update["update_id"] >= offset]
        self._send_away(
            "terminated by other getUpdates request; make sure that only one bot instance is running"
        )
        mine = self._reader
        with suppress(TimeoutError):
            await self._signal.until(
                lambda: bool(self.unconfirmed) or self._closed or mine != self._reader, wait_s
            )
        if mine != self._reader:
            raise ApiError(409, f"Conflict: {self._ended_by}")
        return self.unconfirmed[: max(1, min(limit, _MOST))]

    def _send_away(self, why: str) -> None:
        self._reader += 1
        self._ended_by = why
        self._signal.ring()
