"""M-PESA transaction codes in what people type or paste."""

from __future__ import annotations

import re

_CODE = re.compile(r"(?=[A-Z0-9]*[0-9])[A-Z][A-Z0-9]{9}", re.ASCII)
_MONEY = re.compile(r"(?:PAY|LIPA|SEND|TUMA)?(?:KES|KSHS?|SHS?)?[0-9]+(?:KES|KSHS?|SHS?|BOB)?", re.ASCII)
_SMS = re.compile(r"\b([A-Z][A-Z0-9]{9})\s+(?:confirmed|imethibitishwa)\b", re.ASCII | re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9]+", re.ASCII)


def find_code(text: str) -> str | None:
    """The code in capitals: typed alone in any case (blanks and dashes allowed) or inside a pasted SMS."""
    if sms := _SMS.search(text):
        return sms[1].upper()
    alone = re.sub(r"[\s.\-]", "", text).upper()
    if _is_code(alone):
        return alone
    for token in _TOKEN.findall(text):
        if _is_code(token):
            return str(token)
    return None


def asked_code(text: str) -> str | None:
    """The code that staff ask about: the same, and also ten letters alone, which a code may be."""
    alone = re.sub(r"[\s.\-]", "", text).upper()
    return find_code(text) or (alone if re.fullmatch(r"[A-Z][A-Z0-9]{9}", alone, re.ASCII) else None)


def _is_code(token: str) -> bool:
    return bool(_CODE.fullmatch(token)) and not _MONEY.fullmatch(token)
