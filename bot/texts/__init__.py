"""Every sentence the bot says, in English and Kiswahili, from the gettext files beside this one.

A text is named by its msgid (`menu.ask`) and has blanks in braces (`{balance_cents}`). The end of a blank's
name says how its value is written: see `say`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.messages.pofile import read_po

LANGUAGES = ("en", "sw")
NAIROBI = ZoneInfo("Africa/Nairobi")

Value = str | int


def _read(language: str) -> Mapping[str, str]:
    path = Path(__file__).with_name(f"{language}.po")
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    return MappingProxyType({str(message.id): str(message.string) for message in catalogue if message.id})


_CATALOGUES: Mapping[str, Mapping[str, str]] = {language: _read(language) for language in LANGUAGES}


def keys(language: str) -> frozenset[str]:
    """The names of all texts in one language."""
    return frozenset(_CATALOGUES[language])


def template(key: str, language: str) -> str:
    """A text with its blanks still open. Raises KeyError for an unknown key or language."""
    return _CATALOGUES[language][key]


def say(key: str, language: str, **values: Value) -> str:
    """A text with its blanks filled.

    `*_cents` is money, `*_at` an ISO time with its zone (written as Nairobi's date and time), `*_time` the
    same (time of day only), `*_key` another text's key, `wait_s` seconds; any other value stands as it is.
    Raises KeyError for an unknown key or language and for a blank without a value.
    """
    filled = {name: _write(name, value, language) for name, value in values.items()}
    return template(key, language).format_map(filled)


def format_money(cents: int, language: str) -> str:  # noqa: ARG001 (both languages write money alike today)
    """`KES 1,500`; `KES 1,500.50` only where there are cents; `KES -20` below nothing."""
    sign = "-" if cents < 0 else ""
    shillings, rest = divmod(abs(cents), 100)
    return f"KES {sign}{shillings:,}" + (f".{rest:02d}" if rest else "")


def format_when(at: datetime, language: str) -> str:
    """Nairobi's date and time: `22 Nov 2026, 14:05`. `at` must be aware."""
    return _nairobi(at, "d MMM y, HH:mm", language)


def format_time(at: datetime, language: str) -> str:
    """Nairobi's time of day: `14:05`. `at` must be aware."""
    return _nairobi(at, "HH:mm", language)


def format_wait(seconds: int, language: str) -> str:
    """How long, in words: `1 min 14 s`; whole hours from two hours on."""
    minutes, rest = divmod(max(seconds, 0), 60)
    if minutes >= 120:
        return say("wait.hours", language, hours=-(-minutes // 60))
    if minutes and rest:
        return say("wait.minutes_seconds", language, minutes=minutes, seconds=rest)
    if minutes:
        return say("wait.minutes", language, minutes=minutes)
    return say("wait.seconds", language, seconds=rest)


def _nairobi(at: datetime, pattern: str, language: str) -> str:
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return format_datetime(at.astimezone(NAIROBI), pattern, locale=language)


_BY_ENDING: tuple[tuple[str, Callable[[Value, str], str]], ...] = (
    ("_cents", lambda value, language: format_money(int(value), language)),
    ("_at", lambda value, language: format_when(datetime.fromisoformat(str(value)), language)),
    ("_time", lambda value, language: format_time(datetime.fromisoformat(str(value)), language)),
    ("_key", lambda value, language: template(str(value), language)),
    ("wait_s", lambda value, language: format_wait(int(value), language)),
)


def _write(name: str, value: Value, language: str) -> str:
    for ending, write in _BY_ENDING:
        if name.endswith(ending):
            return write(value, language)
    return str(value)
