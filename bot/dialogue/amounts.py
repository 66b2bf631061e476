"""Amounts as people type them: `1500`, `1,500`, `KES 1500`, `1500/=`, `1.5k`."""

from __future__ import annotations

import re

MAX_KES = 250_000  #: the most one M-PESA payment may be, in whole shillings
MAX_A_DAY_KES = 500_000  #: the most one payer may send in a day
LONGEST = 40  #: characters; anything longer is no amount

_CURRENCY = re.compile(r"^(?:kes|kshs?|shs?)\.?\s*|\s*(?:kes|kshs?|shs?|/=|/-|=|bob|shillings?|shilingi)\.?$")
_WHOLE = re.compile(r"\d+|\d{1,3}(?:[ ,]\d{3})+")
_THOUSANDS = re.compile(r"(\d+)(?:\.(\d{1,3}))?\s*k")


class BadAmount(ValueError):
    """No amount that can be paid. `reason`: letters, negative, cents, ambiguous, zero or too_much."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_amount(text: str) -> int:
    """Whole shillings from 1 to 250,000. Raises BadAmount; never guesses (`1.500` is refused)."""
    bare = _strip_currency(" ".join(text.casefold().split()))
    if not re.search(r"[0-9]", bare) or not bare.isascii() or len(bare) > LONGEST:
        raise BadAmount("letters")
    if bare.startswith("-"):
        raise BadAmount("negative")
    kes = _shillings(bare)
    if kes < 1:
        raise BadAmount("zero")
    if kes > MAX_KES:
        raise BadAmount("too_much")
    return kes


def _strip_currency(text: str) -> str:
    before = None
    while before != text:
        before, text = text, _CURRENCY.sub("", text).strip()
    return text


def _shillings(bare: str) -> int:
    if thousands := _THOUSANDS.fullmatch(bare):
        whole, part = thousands[1], thousands[2] or ""
        return int(whole + part.ljust(3, "0"))
    whole, dot, cents = bare.rpartition(".")
    if dot and len(cents) == 2 and cents.isdigit() and _WHOLE.fullmatch(whole):
        if cents != "00":
            raise BadAmount("cents")
        bare = whole
    if _WHOLE.fullmatch(bare):
        return int(re.sub(r"[ ,]", "", bare))
    raise BadAmount("letters" if re.search(r"[a-z]", bare) else "ambiguous")
