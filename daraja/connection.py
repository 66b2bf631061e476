"""What every call shares: the settings of a client, its token, and the one way out."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

import httpx

from daraja import late
from daraja.auth import DarajaAuth, mint_token
from daraja.credentials import Credentials
from daraja.errors import BadRequest, DarajaError
from daraja.fields import check_base_url
from daraja.pacing import Pace
from daraja.rules import PushRules, RecentPushes
from daraja.times import Clock, utc_now
from daraja.tokens import Token, TokenStore
from daraja.transport import Exchange, failure_of

SANDBOX_URL: Final = "https://sandbox.safaricom.co.ke"
PRODUCTION_URL: Final = "https://api.safaricom.co.ke"


class Connection:
    """A DarajaClient without its calls.

    base_url: Daraja's, https (http only to this machine). transport: httpx's over aiohttp unless given; owned and
    closed here. clock: aware moments. token_store: where the access token is kept, in this process unless given;
    processes that use one app share one. timeout_s: for each HTTP exchange as a whole.

    pushes_per_s: pushes leave evenly spaced, no more than so many a second; callers wait their turn. A Pace of
    your own may be shared by several clients. careful: a push that M-PESA would refuse by its rules (the same
    amount within 2 minutes, a phone that was busy, a prompt too long) raises TooSoon or BadRequest and is not sent;
    PushRules says more than True does. Both know of this process only.

    Raises BadRequest for a base_url, a time limit or a pace that cannot be.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        base_url: str = SANDBOX_URL,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = utc_now,
        token_store: TokenStore | None = None,
        timeout_s: float = 30.0,
        pushes_per_s: float | Pace | None = None,
        careful: bool | PushRules = False,
    ) -> None:
        check_base_url(base_url)
        if not timeout_s > 0:
            raise BadRequest("timeout_s", "a number of seconds above 0")
        self._base_url = base_url
        self._credentials = credentials
        self._clock = clock
        self._auth = DarajaAuth(self._mint, clock=clock, store=token_store)
        self._pace = Pace(pushes_per_s) if isinstance(pushes_per_s, float | int) else pushes_per_s
        rules = PushRules() if careful is True else careful
        self._recent = RecentPushes(rules, clock) if rules else None
        inner = transport if transport is not None else late.aiohttp_transport()
        self._exchange = Exchange(base_url, inner, timeout_s)

    async def renew_token(self) -> Token:
        """Mint an access token, however good the present one is, and keep it. Raises TokenUnavailable."""
        return await self._auth.renew()

    async def aclose(self) -> None:
        """Close the connections; harmless when done twice."""
        await self._exchange.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _mint(self) -> Token:
        return await mint_token(self._exchange, self._credentials, self._clock)

    async def _post(self, path: str, body: Mapping[str, object]) -> httpx.Response:
        """One POST (two after a refused token). What the transport raises becomes NeverSent or AnswerLost."""
        try:
            return await self._exchange.post(path, body, self._auth)
        except DarajaError:
            raise
        except Exception as error:
            raise failure_of(error) from error
