"""Stage `passkey`: a query for a request that cannot exist. M-PESA judges shortcode and password on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from daraja.doctor.addresses import PROBED
from daraja.doctor.causes import CauseClass
from daraja.doctor.findings import Evidence, Exchange, Finding, Verdict
from daraja.doctor.probes import Answer
from daraja.doctor.reading import Reading, read
from daraja.doctor.subject import Product
from daraja.doctor.visit import Visit, skipped
from daraja.times import to_stamp

STAGE: Final = "passkey"
NAME: Final = "query"
NOBODYS_REQUEST: Final = "ws_CO_01012020000000000000000000"  # of a phone of nine noughts: there is none
_TRIES: Final = 3  # 500.001.1001 comes back at random
_FIELD_CODE: Final = "400.002.02"
_UNDECIDED_CODES: Final = frozenset({"500.001.1001", "500.001.001"})


async def look(visit: Visit) -> AsyncIterator[Finding]:
    """One query, again while its answer decides nothing, at most three in all."""
    if visit.halted or not visit.query_open:
        yield skipped(STAGE, NAME, visit.halted or "the STK query is not open to this app")
        return
    for _ in range(_TRIES):
        answer = await _ask(visit)
        if not _decides_nothing(answer.exchange):
            break
    yield _finding(visit, answer)


def cause_of(exchange: Exchange) -> CauseClass | None:
    """What the answer to the query points to: WELL, a class of fault, or None when it decides nothing."""
    words, reading = exchange.message.lower(), read(exchange)
    if reading is not Reading.PASSED:
        return _CAUSES.get(reading)
    if "wrong credentials" in words or "invalid password" in words:
        return CauseClass.WRONG_PASSKEY
    if "merchant does not exist" in words or "invalid businessshortcode" in words:
        return CauseClass.WRONG_SHORTCODE
    if "invalid timestamp" in words:
        return CauseClass.CLOCK
    if _decides_nothing(exchange):
        return None
    about_the_id = exchange.code == _FIELD_CODE and "checkoutrequestid" in words
    answered = exchange.http_status is not None and 200 <= exchange.http_status < 300
    return CauseClass.WELL if about_the_id or answered else None


async def _ask(visit: Visit) -> Answer:
    assert visit.token is not None
    own, stamp = visit.subject.credentials, to_stamp(visit.subject.clock())
    password = own.password(stamp)
    body = {
        "BusinessShortCode": own.shortcode,
        "Password": password,
        "Timestamp": stamp,
        "CheckoutRequestID": NOBODYS_REQUEST,
    }
    return await visit.prober.post(PROBED[Product.QUERY], visit.token, body, password)


def _decides_nothing(exchange: Exchange) -> bool:
    words = exchange.message.lower()
    named = "wrong credentials" in words or "merchant" in words
    return exchange.code in _UNDECIDED_CODES and not named


def _finding(visit: Visit, answer: Answer) -> Finding:
    cause = cause_of(answer.exchange)
    if cause is CauseClass.WELL:
        return Finding(
            STAGE,
            NAME,
            Verdict.GOOD,
            "M-PESA takes the shortcode and the passkey.",
            proves="A query for a request that cannot exist was refused for that request only.",
            leaves_open=_open(visit),
            evidence=Evidence.SANDBOX,
            exchange=answer.exchange,
        )
    if cause is None:
        return Finding(
            STAGE,
            NAME,
            Verdict.UNKNOWN,
            "M-PESA's answer does not tell whether shortcode and passkey are right.",
            leaves_open="Whether shortcode and passkey are right; a payment of KES 1 would show it.",
            evidence=Evidence.REPORTED,
            exchange=answer.exchange,
        )
    return Finding(
        STAGE,
        NAME,
        Verdict.BAD,
        cause.meaning,
        proves="Key and product are good: the query was read.",
        leaves_open=cause.leaves_open,
        fix=cause.next_step,
        exchange=answer.exchange,
    )


def _open(visit: Visit) -> str:
    """A till has a number beside its shortcode, which no query carries."""
    if visit.subject.transaction_type == "CustomerBuyGoodsOnline":
        return "Whether the till number (PartyB) belongs to this shortcode: only a real prompt shows that."
    return "Whether this shortcode takes PayBill payments: only a real prompt shows that."


_CAUSES: Final = {
    Reading.TOKEN_REFUSED: CauseClass.MANGLED_HEADER,  # the empty request just now was let through
    Reading.NO_PRODUCT: CauseClass.PRODUCT_OR_GO_LIVE,
    Reading.FIREWALL: CauseClass.FIREWALL,
    Reading.NOT_DARAJA: CauseClass.FIREWALL,
    Reading.THROTTLED: CauseClass.THROTTLED,
    Reading.DOWN: CauseClass.MPESA_DOWN,
    Reading.UNREACHABLE: CauseClass.NETWORK,
}
