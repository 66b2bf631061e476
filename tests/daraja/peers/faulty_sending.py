"""Clients that send too often, not at all, or one after another. Each is ours with one fault."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
from httpx_aiohttp import AiohttpTransport

from daraja import AnswerLost, DarajaClient, DarajaError, NeverSent, Refused, StkAccepted, TokenUnavailable


class _Resends(DarajaClient):
    """Tries a push four times."""

    def worth_another(self, error: DarajaError) -> bool:
        """Whether it sends again after this."""
        return False

    async def stk_push(self, **fields: Any) -> StkAccepted:
        for _ in range(3):
            try:
                return await super().stk_push(**fields)
            except DarajaError as error:
                if not self.worth_another(error):
                    raise
        return await super().stk_push(**fields)


class ResendsAfterTimeout(_Resends):
    """Takes a late answer for a request that was lost."""

    def worth_another(self, error: DarajaError) -> bool:
        return isinstance(error, AnswerLost) and error.http_status is None


class RetriesEvery5xx(_Resends):
    """Takes every 5xx for a hiccup."""

    def worth_another(self, error: DarajaError) -> bool:
        return isinstance(error, Refused | AnswerLost) and (error.http_status or 0) >= 500


class _Stamped(httpx.AsyncBaseTransport):
    """Puts a header of its own on each request."""

    def __init__(self) -> None:
        self._inner = AiohttpTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["X-Idempotency-Key"] = "one-key-for-one-payment"
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class TrustsAHeader(ResendsAfterTimeout):
    """Sends again under one key, which M-PESA never looks at."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options, transport=_Stamped())


class HidesRepeats(DarajaClient):
    """Answers an identical push out of its memory."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._answers: dict[str, StkAccepted] = {}

    async def stk_push(self, **fields: Any) -> StkAccepted:
        key = repr(sorted(fields.items()))
        if key not in self._answers:
            self._answers[key] = await super().stk_push(**fields)
        return self._answers[key]


class RemembersRefusals(DarajaClient):
    """What was refused once is refused for good, without asking."""

    _refusal: Refused | None = None

    async def stk_push(self, **fields: Any) -> StkAccepted:
        if self._refusal is not None:
            raise self._refusal
        try:
            return await super().stk_push(**fields)
        except Refused as refusal:
            self._refusal = refusal
            raise


class ConnectsForEachPush(DarajaClient):
    """Makes a client for a push and throws it away."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._made_of = args, options

    async def stk_push(self, **fields: Any) -> StkAccepted:
        args, options = self._made_of
        async with DarajaClient(*args, **options) as another:
            return await another.stk_push(**fields)


class WaitsForEver(DarajaClient):
    """Has no time-out."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **(options | {"timeout_s": 86_400.0}))


class OneAtATime(DarajaClient):
    """Holds a lock round each push."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._one = asyncio.Lock()

    async def stk_push(self, **fields: Any) -> StkAccepted:
        async with self._one:
            return await super().stk_push(**fields)


class GivesUpWaiting(DarajaClient):
    """Fails when another push is asking for the token."""

    _asking = False

    async def stk_push(self, **fields: Any) -> StkAccepted:
        if self._asking:
            raise TokenUnavailable("another is asking for it")
        self._asking = True
        try:
            return await super().stk_push(**fields)
        finally:
            self._asking = False


class CallsItAConnection(DarajaClient):
    """Whatever is not JSON is a failed connection."""

    async def stk_push(self, **fields: Any) -> StkAccepted:
        try:
            return await super().stk_push(**fields)
        except AnswerLost:
            raise NeverSent("connection error") from None


class RefusesThisMachine(DarajaClient):
    """Speaks to Safaricom's own hosts and to nobody else."""

    def __init__(self, *args: Any, base_url: str, **options: Any) -> None:
        if "safaricom" not in base_url:
            raise ValueError("environment must be sandbox or production")
        super().__init__(*args, base_url=base_url, **options)


class Rewrites(DarajaClient):
    """Sends what `rewritten` makes of a body."""

    def rewritten(self, body: dict[str, Any]) -> dict[str, Any]:
        """What leaves."""
        return body

    async def _post(self, path: str, body: Mapping[str, object]) -> httpx.Response:
        return await super()._post(path, self.rewritten(dict(body)))
