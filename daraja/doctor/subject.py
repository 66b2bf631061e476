"""Who is examined: the app, its environment, and how to reach M-PESA."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

import httpx

from daraja.credential import Operator
from daraja.credentials import Credentials
from daraja.late import aiohttp_transport
from daraja.times import Clock, utc_now
from daraja.tokens import Token

Environment = Literal["sandbox", "production"]


class Product(StrEnum):
    """What an app may be allowed to call, one probe each."""

    STK = "stk"
    QUERY = "query"
    STATUS = "status"
    C2B_V1 = "c2b_v1"
    C2B_V2 = "c2b_v2"
    REVERSAL = "reversal"
    PULL = "pull"


PUSHING: Final = frozenset({Product.STK, Product.QUERY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What `examine` needs to know. Every `_s` is seconds.

    mint: a forced mint through the shared store, `DarajaClient.renew_token`. mint_timeout_s: more than the
    client's own time limit, so that no token is made and then thrown away.
    held: the token in use before the examination (`token_store.load`); with it a stale token can be told.
    last_push_refused_code: M-PESA's code when the last real push was refused; empty when it was not, or unknown.
    needs: products whose lack is a fault; the others are looked at, and their lack is a remark.
    pause_s: between two probes, since the firewall counts calls. tls: another trust than the machine's.
    """

    credentials: Credentials
    base_url: str
    environment: Environment
    mint: Callable[[], Awaitable[Token]]
    held: Callable[[], Awaitable[Token | None]] | None = None
    transaction_type: str = "CustomerPayBillOnline"
    party_b: str | None = None
    operator: Operator | None = None
    last_push_refused_code: str = ""
    needs: frozenset[Product] = PUSHING
    transport: Callable[[], httpx.AsyncBaseTransport] = aiohttp_transport
    clock: Clock = utc_now
    timeout_s: float = 10.0
    mint_timeout_s: float = 45.0
    pause_s: float = 1.0
    tls: ssl.SSLContext | None = None
