"""The payer's number as M-PESA reports it: whole, masked, hashed, or not at all. Never a key to anything.

What it shows may tell that a payer is another one; it never tells who it is.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from daraja.wire import as_typed

_PLAIN: Final = re.compile(r"\+?[0-9]{9,15}")
_HASHED: Final = re.compile(r"[0-9A-Fa-f]{64}")
_FILLERS: Final = re.compile(r"[\s+\-]")
_HEAD: Final = re.compile(r"[0-9]*")
_TAIL: Final = re.compile(r"[0-9]*\Z")


class MsisdnKind(StrEnum):
    """How much of a number was told."""

    PLAIN = "plain"  #: the whole number
    MASKED = "masked"  #: some of its digits, such as `2547 ***** 149`
    HASHED = "hashed"  #: the SHA-256 of it, 64 hex digits
    ABSENT = "absent"  #: nothing that could be a number


def read_msisdn(value: object) -> tuple[str, MsisdnKind]:
    """The number as sent (text or number, without blanks around it) and its kind; `("", ABSENT)` for none."""
    text = as_typed(value).strip()
    if _HASHED.fullmatch(text):
        return text, MsisdnKind.HASHED
    if _PLAIN.fullmatch(text.replace(" ", "")):
        return text, MsisdnKind.PLAIN
    if any(letter in "0123456789*" for letter in text):
        return text, MsisdnKind.MASKED
    return "", MsisdnKind.ABSENT


def may_be(msisdn: str, shown: str) -> bool:
    """Whether the number that M-PESA shows can be `msisdn` (254 and nine digits): no digit shown is another.

    A hash, a name, and nothing at all can be anybody's.
    """
    text = _FILLERS.sub("", shown)
    if _HASHED.fullmatch(text):
        return True
    head, tail = _HEAD.match(text), _TAIL.search(text)
    if head is None or tail is None:
        return True
    spellings = (msisdn, "0" + msisdn.removeprefix("254"), msisdn.removeprefix("254"))
    if head[0] == text:
        return not text or text in spellings
    return any(known.startswith(head[0]) and known.endswith(tail[0]) for known in spellings)
