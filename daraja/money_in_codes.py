"""Codes that answer the calls about money that comes in by itself: C2B registration, Pull, Dynamic QR.

None of them moves a payer's money, so every line says "unmoved".
"""

from __future__ import annotations

from typing import Final

from daraja.entry import Channel, Entry, Turn
from daraja.error_codes import of_call

ALREADY_REGISTERED: Final = "already_registered"
DUPLICATE_WORDS: Final = ("already registered", "duplicate notification info")
PULL_NOTHING: Final = "1001"

_INTERNAL: Final = "500.003.1001"


def _line(channel: Channel, code: str, cause: str, meaning: str, match: str | None = None) -> Entry:
    return Entry(channel, code, cause, Turn.SCHOOL, True, "unmoved", None, meaning, match)


_REGISTERED: Final = "The shortcode has URLs already; delete those in the portal before it takes new ones."
_ELSEWHERE: Final = "The shortcode has URLs already, in production perhaps on Safaricom's older platform."
_NOTHING: Final = (
    "There is nothing to pull, or the shortcode is not set up for it: M-PESA does not say which."
)

C2B_ERRORS: Final = of_call(
    Channel.C2B,
    _line(Channel.C2B, _INTERNAL, ALREADY_REGISTERED, _REGISTERED, DUPLICATE_WORDS[0]),
    _line(Channel.C2B, _INTERNAL, ALREADY_REGISTERED, _ELSEWHERE, DUPLICATE_WORDS[1]),
    _line(Channel.C2B, "400.003.02", "bad_field", "A field of the request is wrong."),
    _line(Channel.C2B, "404.003.01", "wrong_address", "The address of the call is wrong."),
)

PULL_ERRORS: Final = of_call(
    Channel.PULL, _line(Channel.PULL, PULL_NOTHING, "nothing_or_not_provisioned", _NOTHING)
)

QR_ERRORS: Final = of_call(
    Channel.QR, _line(Channel.QR, "400.002.03", "bad_field", "The amount of the request is wrong.")
)

MONEY_IN_ERRORS: Final = (*C2B_ERRORS, *PULL_ERRORS, *QR_ERRORS)
