"""What the answer to a probe tells: token and product accepted, refused, or never looked at. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from daraja.doctor.findings import Exchange
from daraja.wire import as_code, as_identifier, as_page, as_words, incident_id, read_object

NEVER_SENT: Final = "NeverSent"  #: Exchange.trouble when no connection came about
NOT_JSON: Final = "not JSON"  #: Exchange.trouble when the answer is a web page or nothing

_HIDDEN: Final = "•••"
_TOKEN_CODES: Final = frozenset({"404.001.03", "401.003.01", "400.003.01", "401.002.01", "401.001"})
_OWN_CODES: Final = frozenset({"400.003.01"})  # of one product only: its words must agree
_THROTTLE_WORDS: Final = ("spike arrest", "quota violation", "too many requests")
_FIREWALL_STATUSES: Final = frozenset({403, 503})
_BEHIND_THE_GATE: Final = "500.001."  # M-PESA's own errors: whoever meets them has passed the gateway


class Reading(StrEnum):
    """What one answer tells."""

    PASSED = "passed"  #: token and product are good: M-PESA looked at the body
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - a word
    NO_PRODUCT = "no_product"  #: the token is good, the product is missing, and M-PESA says so
    FIREWALL = "firewall"
    THROTTLED = "throttled"
    DOWN = "down"  #: a server error, or no answer in time
    UNREACHABLE = "unreachable"  #: no connection
    NOT_DARAJA = "not_daraja"  #: an answer that is no JSON, from whoever
    ODD = "odd"  #: none of these


def read(exchange: Exchange) -> Reading:
    """What an exchange with one of the payment addresses tells."""
    words, status = exchange.message.lower(), exchange.http_status
    if status is None:
        return _unanswered(exchange.trouble)
    if "incapsula" in words:
        return Reading.FIREWALL
    if status == 429 or any(said in words for said in _THROTTLE_WORDS):
        return Reading.THROTTLED
    if exchange.trouble:
        return _page(status)
    if "no apiproduct" in words:
        return Reading.NO_PRODUCT
    if refuses_token(exchange.code, words) or status == 401:
        return Reading.TOKEN_REFUSED
    return _body_was_read(status, exchange.code)


def refuses_token(code: str, words: str = "") -> bool:
    """Whether M-PESA says "Invalid Access Token", in any product's spelling. words may be empty: unknown."""
    if "invalid access token" in words.lower():
        return True
    return code in _TOKEN_CODES and not (words and code in _OWN_CODES)


def _unanswered(trouble: str) -> Reading:
    if trouble == NEVER_SENT:
        return Reading.UNREACHABLE
    return Reading.DOWN if trouble else Reading.ODD


def _page(status: int) -> Reading:
    if status in _FIREWALL_STATUSES:
        return Reading.FIREWALL
    return Reading.DOWN if status >= 500 else Reading.NOT_DARAJA


def _body_was_read(status: int, code: str) -> Reading:
    if code.startswith(_BEHIND_THE_GATE) or (code and (status == 400 or 200 <= status < 300)):
        return Reading.PASSED
    return Reading.DOWN if status >= 500 else Reading.ODD


def exchange_of(
    endpoint: str, at: datetime, took_s: float, status: int, body: bytes, *, secrets: Iterable[str]
) -> Exchange:
    """An answer as it may be kept: its code, words and request id, without any of the `secrets`."""
    answer = read_object(body)
    if answer is None:
        code, message, request_id, trouble = "", as_page(body), incident_id(body), NOT_JSON
    else:
        code, message = _said(answer)
        request_id, trouble = as_identifier(answer.get("requestId")), ""
    hidden = tuple(secrets)
    return Exchange(
        endpoint=endpoint,
        at=at,
        http_status=status,
        code=scrub(code, hidden),
        message=scrub(message, hidden),
        request_id=scrub(request_id, hidden),
        trouble=trouble,
        took_s=took_s,
    )


def scrub(text: str, secrets: Iterable[str]) -> str:
    """The text, each secret in it blotted out: a server may send back what it was sent."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, _HIDDEN)
    return text


def _said(answer: dict[str, Any]) -> tuple[str, str]:
    """Code and words, out of Daraja's error body, the gateway's own, or a result."""
    fault = answer.get("fault")
    if isinstance(fault, dict):
        detail = fault.get("detail")
        code = detail.get("errorcode") if isinstance(detail, dict) else None
        return as_code(code), as_words(fault.get("faultstring"))
    for code_field, words_field in (
        ("errorCode", "errorMessage"),
        ("ResultCode", "ResultDesc"),
        ("ResponseCode", "ResponseDescription"),
    ):
        code = as_code(answer.get(code_field))
        if code:
            return code, as_words(answer.get(words_field))
    return "", as_words(answer.get("errorMessage"))
