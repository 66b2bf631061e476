"""What M-PESA would refuse, found before anything is sent. All raise BadRequest, never with the value."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from daraja.errors import BadRequest
from daraja.phone import BadPhone, parse_phone

LEAST_KES: Final = 1
MOST_KES: Final = 250_000  # a transaction
MAX_REFERENCE: Final = 12
MAX_DESCRIPTION: Final = 13
MAX_REMARKS: Final = 100
TRANSACTION_TYPES: Final = ("CustomerPayBillOnline", "CustomerBuyGoodsOnline")
FORBIDDEN_WORDS: Final = ("mpesa", "safaricom", "exe", "exec", "cmd", "sql", "query")

_SHORTCODE: Final = re.compile(r"[1-9]\d{4,6}", re.ASCII)
_MSISDN: Final = re.compile(r"254[17]\d{8}", re.ASCII)
_REFERENCE: Final = re.compile(rf"[A-Za-z0-9]{{1,{MAX_REFERENCE}}}")
_DESCRIPTION: Final = re.compile(rf"[A-Za-z0-9 ./_-]{{0,{MAX_DESCRIPTION}}}")
_RECEIPT: Final = re.compile(r"[A-Z0-9]{8,20}")
_REMARKS: Final = re.compile(r"[A-Za-z0-9 .,:/_-]*")
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


def to_msisdn(field: str, text: str) -> str:
    """254 and nine digits, out of any Kenyan spelling."""
    try:
        return parse_phone(text)
    except BadPhone as error:
        raise BadRequest(field, error.reason) from None


def check_account_reference(value: str) -> None:
    """Letters and digits, 1 to 12: it is printed on the payer's prompt."""
    if not _REFERENCE.fullmatch(value):
        raise BadRequest("AccountReference", "letters and digits, 1 to 12")


def check_transaction_desc(value: str) -> None:
    """Plain letters, digits, blanks and . / _ -, at most 13; may be empty."""
    if not _DESCRIPTION.fullmatch(value):
        raise BadRequest("TransactionDesc", "plain letters, digits and blanks, at most 13")


def check_callback_url(value: str, field: str = "CallBackURL", *, host_too: bool = False) -> None:
    """https (http only to this machine), a lower-case host, no blanks, none of M-PESA's forbidden words.

    host_too: the words are looked for in the host as well, as C2B registration does.
    """
    parts = _split(value, field)
    if parts.netloc != parts.netloc.lower():
        raise BadRequest(field, "the host must be in lower case")
    if parts.fragment:
        raise BadRequest(field, "no fragment")
    host = parts.netloc if host_too else ""
    searched = f"{host}{parts.path}?{parts.query}".lower()
    if any(word in searched for word in FORBIDDEN_WORDS):
        where = "the host and the path" if host_too else "the path"
        raise BadRequest(field, f"M-PESA forbids {', '.join(FORBIDDEN_WORDS)} in {where}")


def check_receipt(field: str, value: str) -> None:
    """An M-PESA receipt number: capitals and digits, 8 to 20 (ten in all samples, which is no promise)."""
    if not _RECEIPT.fullmatch(value):
        raise BadRequest(field, "an M-PESA receipt number: capitals and digits")


def check_remarks(field: str, value: str, *, least: int = 0) -> None:
    """Words for M-PESA's books: plain letters, digits, blanks and . , : / _ -, at most 100."""
    if not (least <= len(value) <= MAX_REMARKS and _REMARKS.fullmatch(value) and value == value.strip()):
        raise BadRequest(field, f"plain letters, digits and blanks, {least} to {MAX_REMARKS}")


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
    if not (parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(host))):
        raise BadRequest(field, "https (http only to this machine)")
    return parts


def is_this_machine(host: str) -> bool:
    """Whether a host name or address leads back to this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
