"""M-PESA's answers, counted: the Daraja client as it is, with a tally beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from daraja import Credentials, DarajaClient, DarajaError, StkAccepted, StkQueryResult


@dataclass(frozen=True, slots=True)
class Tally:
    """Since this process began. pushes: `accepted` or the error's cause; queries: what it said, or the cause."""

    pushes: Counter[str] = field(default_factory=Counter)
    queries: Counter[str] = field(default_factory=Counter)


class CountedDaraja(DarajaClient):
    """Counts each call when its answer is known. answered: called at each good answer to a query."""

    def __init__(
        self,
        credentials: Credentials,
        tally: Tally,
        *,
        answered: Callable[[], object] = lambda: None,
        **more: Any,
    ) -> None:
        """more: as DarajaClient takes it."""
        super().__init__(credentials, **more)
        self._tally = tally
        self._answered = answered

    async def stk_push(self, **asked: Any) -> StkAccepted:
        """As DarajaClient does."""
        try:
            accepted = await super().stk_push(**asked)
        except DarajaError as error:
            self._tally.pushes[error.cause] += 1
            raise
        self._tally.pushes["accepted"] += 1
        return accepted

    async def stk_query(self, checkout_request_id: str) -> StkQueryResult:
        """As DarajaClient does."""
        try:
            result = await super().stk_query(checkout_request_id)
        except DarajaError as error:
            self._tally.queries[error.cause] += 1
            raise
        self._tally.queries[result.outcome] += 1
        self._answered()
        return result
