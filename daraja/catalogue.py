"""Every code M-PESA is known to send, by channel: whose turn it is, is it final, what of the money.

The list is open-ended: Safaricom never claims that its own is complete. What is not here is `unknown`, and
goes to a person.
"""

from __future__ import annotations

from typing import Final

from daraja.entry import Channel, Entry, Turn
from daraja.error_codes import PUSH_ERRORS, QUERY_ERRORS, TOKEN_REFUSED, TOKEN_REFUSED_WORDS
from daraja.result_codes import CALLBACK_RESULTS, QUERY_RESULTS

__all__ = ["CATALOGUE", "CAUSES", "UNKNOWN", "Channel", "Entry", "Turn", "look_up"]

UNKNOWN: Final = "unknown"

CATALOGUE: Final[tuple[Entry, ...]] = (*PUSH_ERRORS, *CALLBACK_RESULTS, *QUERY_RESULTS, *QUERY_ERRORS)

CAUSES: Final[frozenset[str]] = frozenset(entry.cause for entry in CATALOGUE) | {UNKNOWN}


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
    if channel is not Channel.CALLBACK and TOKEN_REFUSED_WORDS in words:
        code = TOKEN_REFUSED
    for entry in _BY_CODE.get((channel, code), ()):
        if entry.match is None or entry.match in words:
            return entry
    meaning = "M-PESA gave a reason that is not known here."
    return Entry(channel, code, UNKNOWN, Turn.SCHOOL, False, "unknown", None, meaning)
