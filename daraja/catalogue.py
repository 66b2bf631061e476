"""Every code M-PESA is known to send, by channel: whose turn it is, is it final, what of the money.

The list is open-ended: Safaricom never claims that its own is complete. What is not here is `unknown`, and
goes to a person.
"""

from __future__ import annotations

from typing import Final

from daraja.entry import PAYMENT_CHANNELS, Channel, Entry, Turn
from daraja.error_codes import (
    PUSH_ERRORS,
    QUERY_ERRORS,
    TOKEN_REFUSALS,
    TOKEN_REFUSED,
    TOKEN_REFUSED_WORDS,
)
from daraja.money_in_codes import MONEY_IN_ERRORS
from daraja.operation_codes import OPERATION_ENTRIES
from daraja.result_codes import CALLBACK_RESULTS, QUERY_RESULTS

__all__ = ["CATALOGUE", "CAUSES", "PAYMENT_CHANNELS", "UNKNOWN", "Channel", "Entry", "Turn", "look_up"]

UNKNOWN: Final = "unknown"

CATALOGUE: Final[tuple[Entry, ...]] = (
    *PUSH_ERRORS,
    *CALLBACK_RESULTS,
    *QUERY_RESULTS,
    *QUERY_ERRORS,
    *MONEY_IN_ERRORS,
    *OPERATION_ENTRIES,
)

CAUSES: Final[frozenset[str]] = frozenset(
    {UNKNOWN, *(entry.cause for entry in CATALOGUE if entry.channel in PAYMENT_CHANNELS)}
)
"""What a payer may have to be told of a push: the causes on PAYMENT_CHANNELS."""

_REPORTS: Final = frozenset({Channel.CALLBACK, Channel.RESULT})  # no access token stands behind these


def _index() -> dict[tuple[Channel, str], tuple[Entry, ...]]:
    index: dict[tuple[Channel, str], tuple[Entry, ...]] = {}
    for entry in CATALOGUE:
        key = (entry.channel, entry.code)
        index[key] = (*index.get(key, ()), entry)
    # Lines that need a text come before the one that takes the code whatever the text.
    return {key: tuple(sorted(entries, key=lambda e: e.match is None)) for key, entries in index.items()}


_BY_CODE: Final = _index()


def look_up(channel: Channel, code: str, message: str = "") -> Entry:
    """The line for a code on a channel; `message` decides where one code means several things.

    A code nobody knows comes back as cause "unknown": not final, the money unknown, for a person to look at.
    """
    code, words = code.strip(), message.lower()
    if channel not in _REPORTS and (code in TOKEN_REFUSALS or TOKEN_REFUSED_WORDS in words):
        code = TOKEN_REFUSED
    for entry in _BY_CODE.get((channel, code), ()):
        if entry.match is None or entry.match in words:
            return entry
    meaning = "M-PESA gave a reason that is not known here."
    return Entry(channel, code, UNKNOWN, Turn.SCHOOL, False, "unknown", None, meaning)
