"""Stage `products`: an empty request to each product's address. M-PESA judges token and product before it reads.

A 400 about the request's content means: token and product are good, and nothing was done.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from daraja.doctor import oauth
from daraja.doctor.addresses import CALLED, PROBED
from daraja.doctor.causes import CauseClass
from daraja.doctor.findings import Evidence, Finding, Verdict
from daraja.doctor.probes import EMPTY, Answer
from daraja.doctor.reading import Reading, refuses_token
from daraja.doctor.subject import Product
from daraja.doctor.visit import Visit, skipped
from daraja.tokens import Token

STAGE: Final = "products"
AGAIN: Final = "stk_again"
MINT_AGAIN: Final = "mint_again"
REAL_CALL: Final = "real_call"

_STOPS: Final = {
    Reading.FIREWALL: "M-PESA's firewall turned the last call away; more calls would make it worse",
    Reading.NOT_DARAJA: "the last call was not answered by M-PESA's API",
    Reading.THROTTLED: "M-PESA asks for fewer calls",
    Reading.UNREACHABLE: "M-PESA cannot be reached any more",
}
TICK_IN_SANDBOX: Final = (
    "The sandbox knows no go-live, so look at the products: in My Apps on developer.safaricom.co.ke, are both Lipa Na "
    "M-Pesa Sandbox and M-Pesa Sandbox ticked on the app whose key is used? If not, make a new app with both "
    "(ticking them later may not help), and take its key and secret."
)
_MOST_DOWN: Final = 2  # calls without an answer before the others are left out


async def look(visit: Visit) -> AsyncIterator[Finding]:
    """STK push first; refused, once more with a newer token; then every other product."""
    assert visit.token is not None
    answer = await visit.prober.post(PROBED[Product.STK], visit.token, EMPTY)
    visit.ahead_s = answer.ahead_s
    yield _finding(visit, Product.STK, Product.STK.value, answer)
    if answer.reading is Reading.TOKEN_REFUSED:
        async for finding in _once_more(visit, visit.token):
            yield finding
    elif answer.reading is Reading.PASSED and refuses_token(visit.subject.last_push_refused_code):
        yield _real_call()
    down = 0 if answer.reading is not Reading.DOWN else 1
    visit.halted = _STOPS.get(answer.reading, "")
    for product in PROBED:
        if product is Product.STK:
            continue
        if visit.halted:
            yield skipped(STAGE, product.value, visit.halted)
            continue
        answer = await visit.prober.post(PROBED[product], visit.token, EMPTY)
        yield _finding(visit, product, product.value, answer)
        down += answer.reading is Reading.DOWN
        visit.halted = _STOPS.get(answer.reading, "")
        if down >= _MOST_DOWN:
            visit.halted = "M-PESA does not answer"
        if product is Product.QUERY:
            visit.query_open = answer.reading is Reading.PASSED


async def _once_more(visit: Visit, refused: Token) -> AsyncIterator[Finding]:
    """The refused token may have been replaced meanwhile; if not, one new one is asked for. Never a third."""
    newer = await _newer(visit, refused)
    if newer is None:
        newer, finding = await oauth.mint(visit.subject, MINT_AGAIN)
        yield finding
    if newer is not None:
        visit.token = newer
        answer = await visit.prober.post(PROBED[Product.STK], newer, EMPTY)
        yield _finding(visit, Product.STK, AGAIN, answer)


async def _newer(visit: Visit, refused: Token) -> Token | None:
    if visit.subject.held is None:
        return None
    try:
        async with asyncio.timeout(visit.subject.timeout_s):
            stored = await visit.subject.held()
    except Exception:
        return None
    return stored if stored is not None and stored.value != refused.value else None


def _real_call() -> Finding:
    return Finding(
        STAGE,
        REAL_CALL,
        Verdict.BAD,
        "The last real prompt was refused for its access token, and yet an empty one passes.",
        proves="Token and product are good now.",
        leaves_open=CauseClass.MANGLED_HEADER.leaves_open,
        fix=CauseClass.MANGLED_HEADER.next_step,
        evidence=Evidence.DERIVED,
    )


def _finding(visit: Visit, product: Product, name: str, answer: Answer) -> Finding:
    reading = answer.reading
    cause = _CAUSES.get(reading, CauseClass.UNCLEAR)
    good = reading is Reading.PASSED
    return Finding(
        STAGE,
        name,
        _verdict(reading, needed=product in visit.subject.needs),
        _SAID[reading].format(CALLED[product]),
        proves=_PROVES.get(reading, ""),
        leaves_open="That a real request is accepted: nothing was asked for." if good else cause.leaves_open,
        fix="" if good else _fix(visit, cause),
        evidence=_EVIDENCE.get(reading, Evidence.DERIVED),
        exchange=answer.exchange,
    )


def _fix(visit: Visit, cause: CauseClass) -> str:
    if cause is CauseClass.PRODUCT_OR_GO_LIVE and visit.subject.environment == "sandbox":
        return TICK_IN_SANDBOX
    return cause.next_step


def _verdict(reading: Reading, *, needed: bool) -> Verdict:
    if reading is Reading.PASSED:
        return Verdict.GOOD
    if reading is Reading.ODD:
        return Verdict.UNKNOWN
    if needed or reading in {Reading.FIREWALL, Reading.NOT_DARAJA}:
        return Verdict.BAD
    return Verdict.WARNING


_CAUSES: Final = {
    Reading.TOKEN_REFUSED: CauseClass.PRODUCT_OR_GO_LIVE,
    Reading.NO_PRODUCT: CauseClass.PRODUCT_OR_GO_LIVE,
    Reading.FIREWALL: CauseClass.FIREWALL,
    Reading.NOT_DARAJA: CauseClass.FIREWALL,
    Reading.THROTTLED: CauseClass.THROTTLED,
    Reading.DOWN: CauseClass.MPESA_DOWN,
    Reading.UNREACHABLE: CauseClass.NETWORK,
}
_SAID: Final = {
    Reading.PASSED: "{0}: M-PESA takes the token and the app may call it.",
    Reading.TOKEN_REFUSED: "{0}: M-PESA says that the access token is invalid, and not why.",
    Reading.NO_PRODUCT: "{0}: M-PESA says that this app does not hold this product.",
    Reading.FIREWALL: "{0}: M-PESA's firewall answered with a web page.",
    Reading.NOT_DARAJA: "{0}: the answer is not M-PESA's; something in between answered.",
    Reading.THROTTLED: "{0}: M-PESA says that too many calls were made.",
    Reading.DOWN: "{0}: M-PESA is out of order or did not answer in time.",
    Reading.UNREACHABLE: "{0}: no connection came about.",
    Reading.ODD: "{0}: M-PESA gave an answer that tells nothing about token or product.",
}
_PROVES: Final = {
    Reading.PASSED: "The gateway let an empty request through to M-PESA, which refused its content.",
    Reading.TOKEN_REFUSED: "The gateway refused the call before it was read; nothing was done.",
    Reading.NO_PRODUCT: "The token itself is good: the gateway knew the app and missed the product.",
    Reading.FIREWALL: "The call did not reach M-PESA's API.",
}
_EVIDENCE: Final = {
    Reading.PASSED: Evidence.SANDBOX,
    Reading.TOKEN_REFUSED: Evidence.DOCUMENTED,
    Reading.NO_PRODUCT: Evidence.DOCUMENTED,
    Reading.FIREWALL: Evidence.REPORTED,
    Reading.THROTTLED: Evidence.DOCUMENTED,
    Reading.DOWN: Evidence.REPORTED,
}
