"""Reading what comes over the wire without trusting it: JSON, codes, texts, amounts.

Nothing here raises: what cannot be read comes back as None or as an empty string.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final

_CODE: Final = re.compile(r"[A-Za-z0-9._-]{1,32}")
_IDENTIFIER: Final = re.compile(r"[\x21-\x7e]{1,100}")
_AMOUNT: Final = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)
_PERSONAL: Final = re.compile(r"ws_CO_\S*|\d{7,}|[A-Za-z0-9+/=_-]{24,}", re.ASCII)
_TAG: Final = re.compile(rb"<[^<>]{0,2000}>")
_INCIDENT: Final = re.compile(rb"incident id:\s{0,4}([0-9][0-9-]{0,60})", re.IGNORECASE)
_DECODE: Final = json.JSONDecoder(parse_float=Decimal, parse_constant=lambda _: None).decode
_LARGEST_AMOUNT: Final = 10**12
_FINEST_AMOUNT: Final = -6  # decimal places
_LARGEST_CODE_EXPONENT: Final = 12
_LONGEST_TEXT: Final = 200


def read_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in `body`, fractions as Decimal; None for anything else."""
    try:
        value = _DECODE(body.decode(json.detect_encoding(body), "surrogatepass"))
    except (ValueError, ArithmeticError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def as_code(value: object) -> str:
    """A result, response or error code as text, sent as text or number; "" for what is none."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, Decimal):
        small = value.is_finite() and value.adjusted() <= _LARGEST_CODE_EXPONENT
        value = int(value) if small and value == int(value) else None
    text = str(value).strip() if isinstance(value, int | str) else ""
    return text if _CODE.fullmatch(text) else ""


def is_zero(code: str) -> bool:
    """Whether a response code says accepted: "0", also padded."""
    return code != "" and not code.strip("0")


def as_identifier(value: object) -> str:
    """An id as M-PESA made it (printable ASCII, no blanks, at most 100); "" for what is none."""
    text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text if _IDENTIFIER.fullmatch(text) else ""


def as_amount(value: object) -> Decimal | None:
    """A sum of money in shillings, sent as text or number; None for what is none."""
    if isinstance(value, str):
        value = Decimal(value.strip()) if _AMOUNT.fullmatch(value.strip()) else None
    elif isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite():
        return None
    exponent = value.as_tuple().exponent
    fine = isinstance(exponent, int) and exponent >= _FINEST_AMOUNT
    return value if fine and 0 <= value <= _LARGEST_AMOUNT else None


def as_words(value: object) -> str:
    """M-PESA's words, safe to keep and to show: one line, short, long numbers, ids and keys blotted out."""
    if not isinstance(value, str):
        return ""
    line = value[: 4 * _LONGEST_TEXT]
    if not line.isprintable():
        line = "".join(letter if letter.isprintable() else " " for letter in line)
    return _PERSONAL.sub("•••", line).strip()[:_LONGEST_TEXT]


def as_typed(value: object) -> str:
    """What a person typed or is called, as sent, but in one line of at most 200 letters; "" for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    typed = str(value)[:_LONGEST_TEXT]
    return "".join(letter if letter.isprintable() else " " for letter in typed)


def as_page(body: bytes) -> str:
    """The words of a web page or of any other text, as `as_words`; never empty: nothing to read is said so."""
    text = _TAG.sub(b" ", body[: 32 * _LONGEST_TEXT]).decode(errors="replace")
    return as_words(" ".join(text.split())) or "(nothing to read)"


def incident_id(body: bytes) -> str:
    """The number that the firewall's page gives itself; "" when it has none."""
    found = _INCIDENT.search(body[: 32 * _LONGEST_TEXT])
    return found[1].decode() if found else ""
