"""What M-PESA would refuse, found before anything is sent. All raise BadRequest, never with the value."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from daraja.errors import BadRequest

LEAST_KES: Final = 1
MOST_KES: Final = 250_000  # a transaction
MAX_REFERENCE: Final = 12
MAX_DESCRIPTION: Final = 13
TRANSACTION_TYPES: Final = ("CustomerPayBillOnline", "CustomerBuyGoodsOnline")
FORBIDDEN_WORDS: Final = ("mpesa", "safaricom", "exe", "exec", "cmd", "sql", "query")

_SHORTCODE: Final = re.compile(r"[1-9]\d{4,6}", re.ASCII)
_MSISDN: Final = re.compile(r"254[17]\d{8}", re.ASCII)
_REFERENCE: Final = re.compile(rf"[A-Za-z0-9]{{1,{MAX_REFERENCE}}}")
_DESCRIPTION: Final = re.compile(rf"[A-Za-z0-9 ./_-]{{0,{MAX_DESCRIPTION}}}")
_URL_LETTERS: Final = re.compile(r"[\x21-\x7e]+")


def check_shortcode(field: str, value: str) -> None:
    """5 to 7 digits: a PayBill, a till, or the store number of a till."""
    if not _SHORTCODE.fullmatch(value):
        raise BadRequest(field, "5 to 7 digits")


def check_transaction_type(value: str) -> None:
    """PayBill or till."""
    if value not in TRANSACTION_TYPES:
        raise BadRequest("TransactionType", "CustomerPayBillOnline or CustomerBuyGoodsOnline")


def check_amount(value: int) -> None:
    """Whole shillings, 1 to 250,000."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRequest("Amount", "whole shillings")
    if not LEAST_KES <= value <= MOST_KES:
        raise BadRequest("Amount", "1 to 250,000 shillings")


def check_msisdn(field: str, value: str) -> None:
    """254 and nine digits that start with 7 or 1."""
    if not _MSISDN.fullmatch(value):
        raise BadRequest(field, "254 and nine digits that start with 7 or 1")


def check_account_reference(value: str) -> None:
    """Letters and digits, 1 to 12: it is printed on the payer's prompt."""
    if not _REFERENCE.fullmatch(value):
        raise BadRequest("AccountReference", "letters and digits, 1 to 12")


def check_transaction_desc(value: str) -> None:
    """Plain letters, digits, blanks and . / _ -, at most 13; may be empty."""
    if not _DESCRIPTION.fullmatch(value):
        raise BadRequest("TransactionDesc", "plain letters, digits and blanks, at most 13")


def check_callback_url(value: str) -> None:
    """https (http only to this machine), a lower-case host, no blanks, none of M-PESA's forbidden words."""
    parts = _split(value, "CallBackURL")
    if parts.netloc != parts.netloc.lower():
        raise BadRequest("CallBackURL", "the host must be in lower case")
    if parts.fragment:
        raise BadRequest("CallBackURL", "no fragment")
    rest = f"{parts.path}?{parts.query}".lower()
    if any(word in rest for word in FORBIDDEN_WORDS):
        raise BadRequest("CallBackURL", "M-PESA forbids " + ", ".join(FORBIDDEN_WORDS) + " in the path")


def check_base_url(value: str) -> None:
    """Where Daraja is: https, or http to this machine; a host and perhaps a path, nothing else."""
    parts = _split(value, "base_url")
    if parts.query or parts.fragment:
        raise BadRequest("base_url", "no query, no fragment")


def _split(value: str, field: str) -> SplitResult:
    if not _URL_LETTERS.fullmatch(value):
        raise BadRequest(field, "a URL without blanks, in plain letters")
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise BadRequest(field, "not a URL") from None
    if not host or parts.username is not None or parts.password is not None:
        raise BadRequest(field, "a URL with a host, without a user or password")
    if not (parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(host))):
        raise BadRequest(field, "https (http only to this machine)")
    return parts


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
