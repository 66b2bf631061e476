"""What Daraja checks before it takes a request on; a failed check raises `Refused` with the page's error."""

from __future__ import annotations

import base64
import hmac
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from daraja.simulator.config import SimulatorConfig
from daraja.simulator.replies import (
    INVALID_HEADER,
    INVALID_PAYLOAD,
    INVALID_TOKEN,
    NO_SUCH_MERCHANT,
    WRONG_CREDENTIALS,
    Refused,
    invalid_field,
)

PAYBILL = "CustomerPayBillOnline"
BUY_GOODS = "CustomerBuyGoodsOnline"
MAX_AMOUNT_KES = 250_000

_SHORTCODE = re.compile(r"[0-9]{5,7}")
_PHONE = re.compile(r"254[17][0-9]{8}")
_WHOLE = re.compile(r"[0-9]{1,9}")
_TIMESTAMP = re.compile(r"[0-9]{14}")
_LETTERS_AND_DIGITS = re.compile(r"[A-Za-z0-9]+")
_CHECKOUT_ID = re.compile(r"\S{1,100}")


@dataclass(frozen=True, slots=True)
class PushRequest:
    """A push whose fields are all well formed. Phones are 254 and 9 digits."""

    shortcode: str
    transaction_type: str
    amount_kes: int
    party_a: str = field(repr=False)
    party_b: str
    phone_number: str = field(repr=False)
    callback_url: str = field(repr=False)
    account_reference: str
    transaction_desc: str


def bearer(authorization: str | None) -> str:
    """The token of an Authorization header."""
    if authorization is None:
        raise Refused(INVALID_HEADER)
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(INVALID_TOKEN)
    return token


def basic(authorization: str | None) -> tuple[str, str] | None:
    """Key and secret of a Basic header; None when it is no such header."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        key, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (key, secret) if colon else None


def read_body(content_type: str, raw: bytes) -> dict[str, object]:
    """The JSON object of a body. Without a JSON content type Daraja complains about the first field."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise Refused(INVALID_PAYLOAD) from None
    if not isinstance(body, dict):
        raise Refused(INVALID_PAYLOAD)
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refused(invalid_field("BusinessShortCode"))
    return body


def text_of(body: Mapping[str, object], name: str) -> str:
    """A field as text: Daraja takes numbers and text alike. Empty when missing or of another kind."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    return str(value).encode(errors="replace").decode()


def read_push(body: Mapping[str, object], config: SimulatorConfig) -> PushRequest:
    """Check every field of a push in the page's order, then merchant and password."""
    shortcode = _matching(body, "BusinessShortCode", _SHORTCODE)
    _check_timestamp(body)
    request = PushRequest(
        shortcode=shortcode,
        transaction_type=_transaction_type(body),
        amount_kes=_amount(body),
        party_a=_matching(body, "PartyA", _PHONE),
        party_b=_matching(body, "PartyB", _SHORTCODE),
        phone_number=_matching(body, "PhoneNumber", _PHONE),
        callback_url=_callback_url(body),
        account_reference=_account_reference(body, config),
        transaction_desc=_transaction_desc(body, config),
    )
    _check_merchant(body, config)
    return request


def read_query(body: Mapping[str, object], config: SimulatorConfig) -> str:
    """Check a query's fields, merchant and password; its CheckoutRequestID."""
    _matching(body, "BusinessShortCode", _SHORTCODE)
    _check_timestamp(body)
    checkout_id = _matching(body, "CheckoutRequestID", _CHECKOUT_ID)
    _check_merchant(body, config)
    return checkout_id


def _matching(body: Mapping[str, object], name: str, pattern: re.Pattern[str]) -> str:
    value = text_of(body, name)
    if not pattern.fullmatch(value):
        raise Refused(invalid_field(name))
    return value


def _check_timestamp(body: Mapping[str, object]) -> None:
    value = _matching(body, "Timestamp", _TIMESTAMP)
    try:
        datetime.strptime(f"{value}+0300", "%Y%m%d%H%M%S%z")
    except ValueError:
        raise Refused(invalid_field("Timestamp")) from None


def _transaction_type(body: Mapping[str, object]) -> str:
    value = text_of(body, "TransactionType")
    if value not in {PAYBILL, BUY_GOODS}:
        raise Refused(invalid_field("TransactionType"))
    return value


def _amount(body: Mapping[str, object]) -> int:
    amount = int(_matching(body, "Amount", _WHOLE))
    if not 1 <= amount <= MAX_AMOUNT_KES:
        raise Refused(invalid_field("Amount"))
    return amount


def _callback_url(body: Mapping[str, object]) -> str:
    value = text_of(body, "CallBackURL")
    if not is_callback_url(value):
        raise Refused(invalid_field("CallBackURL"))
    return value


def is_callback_url(value: str) -> bool:
    """Whether a callback may go there: https, or http to this machine only; a host, no blanks."""
    if re.search(r"\s", value):
        return False
    try:
        url = urlsplit(value)
        host, port = url.hostname, url.port
    except ValueError:
        return False
    if not host or port == 0:
        return False
    return url.scheme == "https" or (url.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _account_reference(body: Mapping[str, object], config: SimulatorConfig) -> str:
    value = _matching(body, "AccountReference", _LETTERS_AND_DIGITS)
    if config.strict_lengths and len(value) > 12:
        raise Refused(invalid_field("AccountReference"))
    return value


def _transaction_desc(body: Mapping[str, object], config: SimulatorConfig) -> str:
    value = body.get("TransactionDesc", "")
    if not isinstance(value, str) or (config.strict_lengths and len(value) > 13):
        raise Refused(invalid_field("TransactionDesc"))
    return value


def _check_merchant(body: Mapping[str, object], config: SimulatorConfig) -> None:
    if text_of(body, "BusinessShortCode") != config.shortcode:
        raise Refused(NO_SUCH_MERCHANT)
    plain = f"{config.shortcode}{config.passkey}{text_of(body, 'Timestamp')}"
    expected = base64.b64encode(plain.encode())
    if not hmac.compare_digest(expected, text_of(body, "Password").encode()):
        raise Refused(WRONG_CREDENTIALS)
