"""Reads what was typed as a choice on the screen: its number, its words, or the beginning of a word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from bot.dialogue.screen import Choice, Say
from bot.texts import LANGUAGES, keys, say

LONGEST = 200  #: characters of a message that are compared with a label

#: What can be said wherever a person is; the words for it stand in the texts as `words.*`.
GLOBAL_WORDS = ("menu", "cancel", "help", "pay", "balances", "payments", "language")


def text_of(line: Say, language: str) -> str:
    """One line in words."""
    return say(line.key, language, **line.values)


def fold(text: str) -> str:
    """Lower case, no accents, single blanks for anything that is neither letter nor digit."""
    plain = unicodedata.normalize("NFKD", text[:LONGEST]).casefold()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^\w]|_", " ", plain).split())


def number_of(text: str) -> int | None:
    """The number of a choice as typed (`2`, `2.`, `(2)`), from 1; None when it is no such number."""
    found = re.fullmatch(r"[(\s]*([1-9][0-9]?)[.)\s]*", text, re.ASCII)
    return int(found[1]) if found else None


def pick(text: str, choices: tuple[Choice, ...]) -> str | None:
    """The key of the choice that was typed as its number or in full, in either language."""
    number = number_of(text)
    if number is not None:
        return choices[number - 1].key if number <= len(choices) else None
    return pick_words(text, choices)


def pick_words(text: str, choices: Iterable[Choice]) -> str | None:
    """The key of the one choice whose label, or another word for it, was typed in full."""
    typed = fold(text)
    return _only({choice.key for choice in choices if typed and typed in _names(choice)})


def pick_beginning(text: str, choices: Iterable[Choice]) -> str | None:
    """The key of the only choice with a word that begins as typed: two characters or more, a letter first."""
    typed = fold(text)
    if len(typed) < 2 or not typed[0].isalpha():
        return None
    return _only({c.key for c in choices if any(f" {typed}" in f" {name}" for name in _names(c))})


def global_word(text: str) -> str | None:
    """menu, cancel, help and the menu's own words in either language; `0` is cancel."""
    typed = fold(text)
    for verb in GLOBAL_WORDS:
        if typed and typed in _other_words(verb):
            return verb
    return None


def _names(choice: Choice) -> frozenset[str]:
    labels = {fold(text_of(choice.label, language)) for language in LANGUAGES}
    return frozenset(labels) | _other_words(choice.key.partition(":")[0])


@cache
def _other_words(verb: str) -> frozenset[str]:
    key = f"words.{verb}"
    if key not in keys(LANGUAGES[0]):
        return frozenset()
    return frozenset(fold(word) for language in LANGUAGES for word in say(key, language).split(","))


def _only(found: set[str]) -> str | None:
    return found.pop() if len(found) == 1 else None
