"""Numbers of a spreadsheet as text: 700000101.0 is 700000101, and 42 in the format 0000 is 0042."""

from __future__ import annotations

import re
from decimal import Decimal

KEPT_DIGITS = 15  #: a spreadsheet keeps so many digits of a number

_TOKEN = re.compile(r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|(?P<plain>[ ()+-])|(?P<digit>0)')


def shown_number(value: int | float, number_format: str) -> str:
    """The number without noise, in the digits and letters that its format adds. Empty: it has lost digits.

    Only formats of zeros and fixed letters are followed ("ADM/"0000): signs of thousands, currencies and
    rounding are for the eye, and what is stored counts.
    """
    if not abs(value) < 10**KEPT_DIGITS:
        return ""
    text = format(Decimal(f"{value:.{KEPT_DIGITS}g}"), "f")
    digits = text.removeprefix("-")
    if not digits.isdigit():
        return text
    return text if text.startswith("-") else _fill(number_format.partition(";")[0], digits)


def _fill(number_format: str, digits: str) -> str:
    """The digits from the right into the zeros; what is left over stands before the first zero."""
    tokens = list(_TOKEN.finditer(number_format))
    zeros = sum(token.lastgroup == "digit" for token in tokens)
    if not zeros or "".join(token.group() for token in tokens) != number_format:
        return digits
    left = digits.zfill(zeros)
    cut = len(left) - zeros + 1
    places = iter((left[:cut], *left[cut:]))
    return "".join(
        next(places) if token.lastgroup == "digit" else token[token.lastgroup or 0] for token in tokens
    )
