"""Clients that treat the access token wrongly. Each is ours with one fault."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from typing import Any

import httpx

from daraja import DarajaAuth, DarajaClient, MemoryTokenStore, StkAccepted, Token, TokenRefused
from daraja.answers import is_token_refusal
from tests.daraja.host import NOW


class _Keeps(DarajaAuth):
    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token = await self._obtain(refused=None)
        request.headers["Authorization"] = f"Bearer {token.value}"
        yield request


class KeepsRefusedToken(DarajaClient):
    """Goes on with a refused token until its time is over."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._auth = _Keeps(self._mint, clock=self._clock, store=options.get("token_store"))


class _Renews(DarajaAuth):
    times = 1

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token = await self._obtain(refused=None)
        for _ in range(self.times):
            request.headers["Authorization"] = f"Bearer {token.value}"
            response = yield request
            if not is_token_refusal(await response.aread()):
                return
            token = await self.renew()
        request.headers["Authorization"] = f"Bearer {token.value}"
        yield request


class EachRenewsForItself(DarajaClient):
    """Whoever meets a refused token asks for a new one, although another has just got it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._auth = _Renews(self._mint, clock=self._clock, store=options.get("token_store"))


class RenewsAgainAndAgain(EachRenewsForItself):
    """Takes every refusal for a stale token."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        assert isinstance(self._auth, _Renews)
        self._auth.times = 4


class HidesTheReason(DarajaClient):
    """A refused token is a refused token."""

    async def stk_push(self, **fields: Any) -> StkAccepted:
        try:
            return await super().stk_push(**fields)
        except TokenRefused as error:
            raise TokenRefused(code="", message="", http_status=error.http_status) from None


class MintsForEachCall(DarajaClient):
    """Keeps no token."""

    async def _post(self, path: str, body: Mapping[str, object]) -> httpx.Response:
        await self.renew_token()
        return await super()._post(path, body)


class MintsForEachFirstPush(DarajaClient):
    """Keeps the token, but nobody waits for whoever is asking for it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._store = MemoryTokenStore()

    async def _post(self, path: str, body: Mapping[str, object]) -> httpx.Response:
        alone = DarajaAuth(self._mint, clock=self._clock, store=self._store)
        return await self._exchange.post(path, body, alone)


class _NoMargin(MemoryTokenStore):
    async def save(self, token: Token) -> None:
        await super().save(Token(token.value, token.expires_at + timedelta(seconds=60)))


class UsesTheLastSecond(DarajaClient):
    """Its refresh margin is 0."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options, token_store=_NoMargin())


class _FiftyMinutes(MemoryTokenStore):
    async def save(self, token: Token) -> None:
        await super().save(Token(token.value, NOW + timedelta(minutes=50)))


class GuessesTheLife(DarajaClient):
    """50 minutes, whatever was said."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options, token_store=_FiftyMinutes())


class _Minutes(MemoryTokenStore):
    async def save(self, token: Token) -> None:
        await super().save(Token(token.value, NOW + (token.expires_at - NOW) * 60))


class CountsMinutes(DarajaClient):
    """Takes expires_in for minutes: refused after an hour, well again after a restart."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options, token_store=_Minutes())


class SharesItsToken(DarajaClient):
    """One token for the whole process, whoever's."""

    _kept = MemoryTokenStore()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options, token_store=self._kept)
