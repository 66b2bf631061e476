"""Stage `oauth`: is the token in use still good, and does M-PESA give out a new one?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

import aiohttp
import httpx

from daraja.auth import TOKEN_PATH
from daraja.doctor.addresses import PROBED
from daraja.doctor.causes import CauseClass
from daraja.doctor.findings import Evidence, Exchange, Finding, Verdict
from daraja.doctor.probes import EMPTY, trouble_of
from daraja.doctor.reading import NEVER_SENT, NOT_JSON, Reading, read, scrub
from daraja.doctor.subject import Product, Subject
from daraja.doctor.visit import Visit
from daraja.errors import TokenUnavailable
from daraja.tokens import Token

STAGE: Final = "oauth"
_WRONG_GRANT: Final = "400.008.02"  # the question itself was changed on the way
_REFUSED: Final = frozenset({Reading.TOKEN_REFUSED, Reading.NO_PRODUCT})


async def look(visit: Visit) -> AsyncIterator[Finding]:
    """The token in use, as it is; then a forced mint, which replaces it for everybody."""
    held = await _held(visit.subject)
    if held is not None:
        yield await _still_good(visit, held)
    token, finding = await mint(visit.subject, "mint")
    visit.token = token
    if token is None:
        visit.halted = "there is no access token"
    yield finding


async def mint(subject: Subject, name: str) -> tuple[Token | None, Finding]:
    """A forced mint through the shared store, and what it shows."""
    at, began = subject.clock(), time.perf_counter()
    endpoint = f"GET {subject.base_url.rstrip('/')}{TOKEN_PATH}"
    try:
        async with asyncio.timeout(subject.mint_timeout_s):
            token = await subject.mint()
    except Exception as error:
        took_s = time.perf_counter() - began
        return None, _refused(name, _exchange(subject, error, endpoint, at, took_s))
    exchange = Exchange(endpoint, at, 200, took_s=time.perf_counter() - began)
    return token, Finding(
        STAGE,
        name,
        Verdict.GOOD,
        "M-PESA gave an access token.",
        proves="Consumer key and consumer secret belong together.",
        leaves_open="That the app may push: a token says nothing of the products on the app.",
        exchange=exchange,
    )


def cause_of(exchange: Exchange) -> CauseClass:
    """What a call for a token that yielded none points to."""
    reading, status = read(exchange), exchange.http_status
    plain = {
        Reading.FIREWALL: CauseClass.FIREWALL,
        Reading.THROTTLED: CauseClass.THROTTLED,
        Reading.DOWN: CauseClass.MPESA_DOWN,
        Reading.UNREACHABLE: CauseClass.NETWORK,
    }
    if reading in plain:
        return plain[reading]
    if status is None:
        return CauseClass.UNCLEAR
    if status in {400, 401} and exchange.code != _WRONG_GRANT:
        return CauseClass.WRONG_KEY_PAIR
    return CauseClass.MPESA_DOWN if status >= 500 else CauseClass.WRONG_HOST


async def _held(subject: Subject) -> Token | None:
    """The token in use, if it can be had and is not past its time; a store that fails is not M-PESA's affair."""
    if subject.held is None:
        return None
    try:
        async with asyncio.timeout(subject.timeout_s):
            held = await subject.held()
    except Exception:
        return None
    return held if held is not None and held.is_good(subject.clock()) else None


async def _still_good(visit: Visit, held: Token) -> Finding:
    answer = await visit.prober.post(PROBED[Product.STK], held, EMPTY)
    if answer.reading is Reading.PASSED:
        verdict, said = Verdict.GOOD, "The token in use is good."
    elif answer.reading in _REFUSED:
        verdict, said = Verdict.BAD, "M-PESA refuses the token that is in use."
    else:
        verdict, said = Verdict.UNKNOWN, "Whether the token in use is good could not be told."
    return Finding(
        STAGE,
        "held",
        verdict,
        said,
        proves="The gateway was asked with an empty request, which does nothing.",
        leaves_open="Whether a new token is taken.",
        evidence=Evidence.SANDBOX,
        exchange=answer.exchange,
    )


def _exchange(subject: Subject, error: Exception, endpoint: str, at: datetime, took_s: float) -> Exchange:
    own = subject.credentials
    hidden = (own.consumer_key, own.consumer_secret, own.passkey)
    if isinstance(error, TokenUnavailable) and error.http_status is not None:
        return Exchange(
            endpoint,
            at,
            error.http_status,
            code=scrub(error.code, hidden),
            message=scrub(error.page or error.message, hidden),
            request_id=scrub(error.request_id, hidden),
            trouble=NOT_JSON if error.page else "",
            took_s=took_s,
        )
    return Exchange(endpoint, at, None, trouble=_trouble(error), took_s=took_s)


def _trouble(error: Exception) -> str:
    """Empty when the call was not even tried: the token store failed, or somebody else is asking."""
    link = error.__cause__ if isinstance(error, TokenUnavailable) else error
    if isinstance(link, Exception):
        word = trouble_of(link)
        if word == NEVER_SENT or isinstance(link, httpx.HTTPError | aiohttp.ClientError | TimeoutError):
            return word
    return ""


_SAID: Final = {
    CauseClass.FIREWALL: "M-PESA's firewall answered the call for an access token with a web page.",
    CauseClass.THROTTLED: "M-PESA says that too many calls were made, and gives no access token.",
    CauseClass.MPESA_DOWN: "M-PESA's token service is out of order or did not answer in time.",
    CauseClass.NETWORK: "No connection to M-PESA's token service came about.",
    CauseClass.WRONG_KEY_PAIR: "M-PESA does not take this consumer key with this consumer secret.",
    CauseClass.WRONG_HOST: "What answers the call for an access token is not M-PESA's token service.",
    CauseClass.UNCLEAR: "No access token could be asked for; the token store may be busy or out of order.",
}


def _refused(name: str, exchange: Exchange) -> Finding:
    cause = cause_of(exchange)
    return Finding(
        STAGE,
        name,
        Verdict.UNKNOWN if cause is CauseClass.UNCLEAR else Verdict.BAD,
        _SAID[cause],
        proves="Without a token no payment can be asked for.",
        leaves_open=cause.leaves_open,
        fix=cause.next_step,
        evidence=Evidence.REPORTED if exchange.trouble == NOT_JSON else Evidence.DOCUMENTED,
        exchange=exchange,
    )
