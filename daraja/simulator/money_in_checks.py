"""What Daraja checks before it takes a C2B, Pull or QR request on; a failed check raises `Refused`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from daraja.simulator.checks import (
    BUY_GOODS,
    MAX_AMOUNT_KES,
    PAYBILL,
    is_callback_url,
    read_body,
    text_of,
)
from daraja.simulator.config import SimulatorConfig
from daraja.simulator.payloads import NAIROBI
from daraja.simulator.replies import Fault, Refused, invalid_field

FORBIDDEN_WORDS = ("mpesa", "safaricom", "exe", "exec", "cmd", "sql", "query")
PULL_REACH = timedelta(hours=48, minutes=5)

_PHONE = re.compile(r"254[17][0-9]{8}")
_WHOLE = re.compile(r"[0-9]{1,9}")
_TYPED = re.compile(r".{1,20}")
_NAME = re.compile(r".{1,100}")
_MOMENT = "%Y-%m-%d %H:%M:%S"
_LEAST_PX, _MOST_PX = 100, 500


@dataclass(frozen=True, slots=True)
class C2BUrls:
    """What a shortcode registered. response_type: what a silent ValidationURL means."""

    shortcode: str
    version: str
    response_type: str
    validation_url: str = field(repr=False)
    confirmation_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Simulated:
    """A payment by hand, in whole shillings. To a till the account reference is empty."""

    shortcode: str
    amount_kes: int
    msisdn: str = field(repr=False)
    account_reference: str


@dataclass(frozen=True, slots=True)
class PullAsked:
    """A Pull query; both moments are aware."""

    shortcode: str
    start: datetime
    end: datetime
    offset: int


def read_registration(content_type: str, raw: bytes, version: str, config: SimulatorConfig) -> C2BUrls:
    """Check a registration of URLs: shortcode, ResponseType to the letter, both URLs, forbidden words."""
    body = read_body(content_type, raw)
    shortcode = _shortcode(body, "ShortCode", config)
    response_type = text_of(body, "ResponseType")
    if response_type not in {"Completed", "Cancelled"}:
        raise Refused(invalid_field("ResponseType"))
    return C2BUrls(
        shortcode=shortcode,
        version=version,
        response_type=response_type,
        validation_url=_url(body, "ValidationURL"),
        confirmation_url=_url(body, "ConfirmationURL"),
    )


def read_simulation(content_type: str, raw: bytes, config: SimulatorConfig) -> Simulated:
    """Check a simulated payment: a PayBill wants an account number, a till takes none."""
    body = read_body(content_type, raw)
    shortcode = _shortcode(body, "ShortCode", config)
    expected = BUY_GOODS if shortcode in config.tills else PAYBILL
    if text_of(body, "CommandID") != expected:
        raise Refused(invalid_field("CommandID"))
    amount = _amount(body)
    msisdn = _matching(body, "Msisdn", _PHONE)
    typed = _matching(body, "BillRefNumber", _TYPED) if expected == PAYBILL else ""
    return Simulated(shortcode, amount, msisdn, typed)


def read_pull_registration(content_type: str, raw: bytes, config: SimulatorConfig) -> str:
    """Check a Pull registration; its shortcode. A number that begins with 07 is refused, as in the field."""
    body = read_body(content_type, raw)
    shortcode = _shortcode(body, "ShortCode", config)
    if text_of(body, "RequestType") != "Pull":
        raise Refused(invalid_field("RequestType"))
    _matching(body, "NominatedNumber", _PHONE)
    if not is_callback_url(text_of(body, "CallBackURL")):
        raise Refused(invalid_field("CallBackURL"))
    return shortcode


def read_pull_query(content_type: str, raw: bytes, config: SimulatorConfig, now: datetime) -> PullAsked:
    """Check a Pull query: Nairobi's times, the start at most 48 hours ago."""
    body = read_body(content_type, raw)
    shortcode = _shortcode(body, "ShortCode", config)
    start, end = _moment(body, "StartDate"), _moment(body, "EndDate")
    if now - start > PULL_REACH:
        raise Refused(invalid_field("StartDate"))
    if end <= start:
        raise Refused(invalid_field("EndDate"))
    return PullAsked(shortcode, start, end, int(_matching(body, "OffSetValue", _WHOLE)))


def read_qr(content_type: str, raw: bytes) -> tuple[str, int]:
    """Check a QR request; what its picture says, and the side of the picture in pixels."""
    body = read_body(content_type, raw)
    name, reference = _matching(body, "MerchantName", _NAME), _matching(body, "RefNo", _NAME)
    amount = _amount(body)
    kind = text_of(body, "TrxCode")
    if kind not in {"BG", "WA", "PB", "SM", "SB"}:
        raise Refused(invalid_field("TrxCode"))
    to_phone = kind in {"SM", "SB"}
    party = _matching(body, "CPI", _PHONE if to_phone else re.compile(r"[0-9]{4,8}"))
    size = int(_matching(body, "Size", _WHOLE)) if "Size" in body else 300
    if not _LEAST_PX <= size <= _MOST_PX:
        raise Refused(invalid_field("Size"))
    return f"{kind} {party} {name} {reference} {amount}", size


def _matching(body: Mapping[str, object], name: str, pattern: re.Pattern[str]) -> str:
    value = text_of(body, name)
    if not pattern.fullmatch(value):
        raise Refused(invalid_field(name))
    return value


def _shortcode(body: Mapping[str, object], name: str, config: SimulatorConfig) -> str:
    value = text_of(body, name)
    if value not in {config.shortcode, *config.tills}:
        raise Refused(invalid_field(name))
    return value


def _amount(body: Mapping[str, object]) -> int:
    amount = int(_matching(body, "Amount", _WHOLE))
    if not 1 <= amount <= MAX_AMOUNT_KES:
        raise Refused(invalid_field("Amount"))
    return amount


def _url(body: Mapping[str, object], name: str) -> str:
    value = text_of(body, name)
    if not is_callback_url(value):
        raise Refused(invalid_field(name))
    for word in FORBIDDEN_WORDS:
        if word in value.lower():
            raise Refused(Fault(400, "400.003.02", f"Bad Request - URL has the word {word.upper()}"))
    return value


def _moment(body: Mapping[str, object], name: str) -> datetime:
    try:
        return datetime.strptime(text_of(body, name), _MOMENT).replace(tzinfo=NAIROBI)
    except ValueError:
        raise Refused(invalid_field(name)) from None
