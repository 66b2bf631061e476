"""Kenyan mobile numbers: any spelling in, `254` and nine digits out; and the mask shown to people."""

from __future__ import annotations

import re
from typing import Final

_LOCAL_DIGITS: Final = 9  # after the country code or the leading zero
_FILLERS: Final = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2060\ufeff().\-\u2010-\u2015\u2212]")
_TAIL: Final = re.compile(r"\d{3}\Z", re.ASCII)


class BadPhone(ValueError):
    """Not a Kenyan mobile number. The text never contains what was typed.

    `reason`: empty, letters, too_short, too_long or not_kenyan.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"not a Kenyan mobile number: {self.reason}"


def parse_phone(text: str) -> str:
    """The number as Daraja wants it: `254` and nine digits that start with 7 or 1. Raises BadPhone.

    Takes 07.., 01.., 7.., 1.., 254.., +254.., 00254.., +254 (0) 7.., with blanks, dashes, brackets and dots.
    """
    bare = _FILLERS.sub("", text)
    international = bare.startswith("+")
    digits = bare.removeprefix("+")
    if not digits:
        raise BadPhone("empty")
    if not (digits.isascii() and digits.isdigit()):
        raise BadPhone("letters")
    if digits.startswith("00"):
        international, digits = True, digits[2:]
    local = _local_part(digits, international)
    if len(local) < _LOCAL_DIGITS:
        raise BadPhone("too_short")
    if len(local) > _LOCAL_DIGITS:
        raise BadPhone("too_long")
    if local[0] not in "71":
        raise BadPhone("not_kenyan")
    return "254" + local


def _local_part(digits: str, international: bool) -> str:
    if digits.startswith("254"):
        return digits[3:].removeprefix("0")
    if international:
        raise BadPhone("not_kenyan" if len(digits) > 3 else "too_short")
    if digits[0] == "0":
        return digits[1:]
    if digits[0] in "71":
        return digits
    raise BadPhone("not_kenyan")


def mask_phone(msisdn: str) -> str:
    """`07••• 456`, or `01••• 456`; for anything else at most its last three digits."""
    try:
        number = parse_phone(msisdn)
    except BadPhone:
        tail = _TAIL.search(msisdn) if len(msisdn) >= _LOCAL_DIGITS else None
        return f"••• {tail.group()}" if tail else "•••"
    return f"0{number[3]}••• {number[-3:]}"
