"""The access token: minted once for all callers, kept until a minute before its end, replaced if refused.

Processes that share a TokenStore mint one at a time: who may is settled by `claim`.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from daraja.answers import is_token_refusal
from daraja.credentials import Credentials
from daraja.errors import TokenUnavailable
from daraja.times import Clock, utc_now
from daraja.tokens import MemoryTokenStore, Token, TokenStore
from daraja.transport import Exchange
from daraja.wire import as_code, as_identifier, as_page, as_words, incident_id, read_object

log = logging.getLogger(__name__)

TOKEN_PATH: Final = "/oauth/v1/generate"  # noqa: S105 - a path
_ASKED: Final = f"{TOKEN_PATH}?grant_type=client_credentials"
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,4096}")
_LIFE_S: Final = 3599  # as documented; a longer one is not believed
_WAIT_S: Final = 0.1  # while another process mints
_WAITS: Final = 120  # longer than a claim outlives a process that died
_CLAIM_AGAIN_S: Final = 3.0  # while we mint


Mint = Callable[[], Awaitable[Token]]
Sleep = Callable[[float], Awaitable[object]]


class DarajaAuth(httpx.Auth):
    """Puts the token on each request; after a refused token one new token and one more try, never a third.

    Asynchronous only. Raises TokenUnavailable, before the request is sent, when there is no token to be had.
    """

    def __init__(
        self,
        mint: Mint,
        *,
        clock: Clock = utc_now,
        store: TokenStore | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._mint = mint
        self._clock = clock
        self._store: TokenStore = store if store is not None else MemoryTokenStore()
        self._sleep = sleep
        self._lock = asyncio.Lock()
        self._failures = 0

    async def renew(self) -> Token:
        """Mint a token, however good the stored one is, and keep it. Raises TokenUnavailable."""
        return await self._alone(self._minted_anew)

    def sync_auth_flow(
        self,
        request: httpx.Request,  # noqa: ARG002 - httpx's signature
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Refused: one event loop, one lock."""
        raise RuntimeError("DarajaAuth works with httpx.AsyncClient only")

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """httpx's hook: send, and after a refused token (that call surely did nothing) send once more."""
        token = await self._obtain(refused=None)
        response = yield _with_token(request, token)
        if not await _refuses_token(response):
            return
        log.info("token.refused", extra={"http_status": response.status_code})
        token = await self._obtain(refused=token.value)
        response = yield _with_token(request, token)
        if await _refuses_token(response):
            log.warning("token.refused_again", extra={"http_status": response.status_code})
            await self._forget(token)

    async def _obtain(self, refused: str | None) -> Token:
        """A good token other than `refused`. Whoever waited while a mint failed shares that failure."""
        failures_before = self._failures

        async def obtained() -> Token:
            return await self._stored_or_minted(refused, failures_before)

        return await self._alone(obtained)

    async def _alone(self, work: Callable[[], Awaitable[Token]]) -> Token:
        """One at a time in this process. Whatever goes wrong is TokenUnavailable, and counts as a failure."""
        async with self._lock:
            try:
                return await work()
            except TokenUnavailable:
                self._failures += 1
                raise
            except Exception as error:
                self._failures += 1
                raise TokenUnavailable(f"no access token ({type(error).__name__})") from error

    async def _stored_or_minted(self, refused: str | None, failures_before: int) -> Token:
        for _ in range(_WAITS):
            if (stored := await self._stored(refused)) is not None:
                return stored
            if self._failures != failures_before:
                raise TokenUnavailable("no access token: the try just now failed")
            if await self._store.claim():
                return await self._minted(unless=lambda: self._stored(refused))
            await self._sleep(_WAIT_S)
        raise TokenUnavailable("no access token: another process is still asking for one")

    async def _minted_anew(self) -> Token:
        for _ in range(_WAITS):
            if await self._store.claim():
                return await self._minted()
            await self._sleep(_WAIT_S)
        raise TokenUnavailable("no access token: another process is still asking for one")

    async def _stored(self, refused: str | None) -> Token | None:
        stored = await self._store.load()
        if stored is not None and stored.value == refused:
            await self._store.forget(stored.value)
        elif stored is not None and stored.is_good(self._clock()):
            return stored
        return None

    async def _minted(self, unless: Callable[[], Awaitable[Token | None]] | None = None) -> Token:
        """Mints under a claim just made, and ends it. unless: finds the token saved just before the claim."""
        saved = False
        claiming = asyncio.create_task(self._claim_on())
        try:
            if unless is not None and (stored := await unless()) is not None:
                return stored
            token = await self._mint()
            claiming.cancel()
            await self._store.save(token)
            saved = True
        finally:
            claiming.cancel()
            if not saved:
                await self._give_up()
        log.info("token.minted", extra={"expires_at": token.expires_at.isoformat()})
        return token

    async def _claim_on(self) -> None:
        """While M-PESA takes its time; should a claim fail, the next one may not."""
        while True:
            await self._sleep(_CLAIM_AGAIN_S)
            with suppress(Exception):
                await self._store.claim()

    async def _give_up(self) -> None:
        try:
            await self._store.give_up()
        except Exception as error:  # it ends by itself; what went wrong before is what the caller must hear
            log.warning("token.claim_not_ended", extra={"error": type(error).__name__})

    async def _forget(self, token: Token) -> None:
        try:
            await self._store.forget(token.value)
        except Exception as error:  # M-PESA's answer is what the caller must hear
            log.warning("token.not_forgotten", extra={"error": type(error).__name__})


def _with_token(request: httpx.Request, token: Token) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {token.value}"
    return request


async def _refuses_token(response: httpx.Response) -> bool:
    return is_token_refusal(await response.aread())


async def mint_token(exchange: Exchange, credentials: Credentials, clock: Clock) -> Token:
    """Ask Daraja for a token. Raises TokenUnavailable, with M-PESA's code where it gave one."""
    asked_at = clock()
    basic = httpx.BasicAuth(credentials.consumer_key, credentials.consumer_secret)
    try:
        response = await exchange.get(_ASKED, basic)
        body = await response.aread()
    except Exception as error:
        raise TokenUnavailable(f"no access token ({type(error).__name__})") from error
    return read_token(response.status_code, body, asked_at)


def read_token(status: int, body: bytes, asked_at: datetime) -> Token:
    """The answer to the OAuth call; its life counts from when it was asked for. Raises TokenUnavailable."""
    said = read_object(body)
    answer = said or {}
    value = _token_in(answer.get("access_token"))
    if not (200 <= status < 300 and value):
        code = as_code(answer.get("errorCode"))
        raise TokenUnavailable(
            f"no access token: {code or 'no code'} under HTTP {status}",
            code=code,
            message=as_words(answer.get("errorMessage")),
            request_id=as_identifier(answer.get("requestId")) or incident_id(body),
            http_status=status,
            page="" if said is not None else as_page(body),
        )
    return Token(value, asked_at + timedelta(seconds=_life(answer.get("expires_in"))))


def _token_in(value: object) -> str:
    """28 letters in all samples, which is no promise; "" for what no header can carry."""
    text = value.strip() if isinstance(value, str) else ""
    return text if _TOKEN.fullmatch(text) else ""


def _life(value: Any) -> int:
    """Seconds, sent as a number or as text."""
    code = as_code(value)
    return min(int(code), _LIFE_S) if code.isdecimal() else _LIFE_S
