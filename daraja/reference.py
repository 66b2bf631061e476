"""Admission numbers as AccountReference: letters and digits, at most twelve of them."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final

MAX_LENGTH: Final = 12
_SHORT_CHECK: Final = 4
_LEAST_CHECK: Final = 3
_LONG_CHECK: Final = 6


def account_reference(admission_number: str) -> str:
    """A legal AccountReference for an admission number; the same one every time.

    `1042` stays `1042`, and case and blanks do not count. Where separators are dropped or letters cut off,
    the last characters are a check of the whole number: `ADM/10/424` and `ADM/104/24` do not share one.
    Raises ValueError when there is no letter or digit at all.
    """
    spelled = "".join(admission_number.upper().split())
    kept = re.sub(r"[^A-Z0-9]", "", spelled)
    if not kept:
        raise ValueError("an admission number needs at least one letter or digit")
    if kept == spelled and len(kept) <= MAX_LENGTH:
        return kept
    digest = hashlib.sha256(spelled.encode("utf-8", "surrogatepass")).digest()
    check = base64.b32encode(digest).decode("ascii")
    room = MAX_LENGTH - len(kept)
    if room >= _LEAST_CHECK:
        return kept + check[: min(room, _SHORT_CHECK)]
    # Numbers of one school mostly differ at their end: keep the end, and a longer check for what is cut.
    return kept[-(MAX_LENGTH - _LONG_CHECK) :] + check[:_LONG_CHECK]
