"""A screen as data: which texts with which values, which choices. No words, no channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Value = str | int


@dataclass(frozen=True, slots=True)
class Say:
    """One text by key, with plain values: the end of a value's name says how `bot.texts.say` writes it."""

    key: str
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to tap, or to type as its number or its words. `key` is at most 40 ASCII characters."""

    key: str
    label: Say


@dataclass(frozen=True, slots=True)
class Screen:
    """Lines (a blank line between), then choices in order. `ask_contact`: show the door's own control for it.

    `notice`: it stands outside the session, so its buttons carry no version and stay good.
    """

    lines: tuple[Say, ...]
    choices: tuple[Choice, ...] = ()
    ask_contact: bool = False
    notice: bool = False


def say(key: str, **values: Value) -> Say:
    """Shorthand: `say("pay.amount", balance_cents=1500_00)`."""
    return Say(key, values)


def to_plain(screen: Screen) -> dict[str, Any]:
    """A JSON-able form for the outbox; `from_plain` is its inverse."""
    return {
        "lines": [[line.key, dict(line.values)] for line in screen.lines],
        "choices": [[choice.key, choice.label.key, dict(choice.label.values)] for choice in screen.choices],
        "ask_contact": screen.ask_contact,
        "notice": screen.notice,
    }


def from_plain(plain: Mapping[str, Any]) -> Screen:
    """The screen that `to_plain` wrote down."""
    return Screen(
        lines=tuple(Say(key, values) for key, values in plain["lines"]),
        choices=tuple(Choice(key, Say(label, values)) for key, label, values in plain["choices"]),
        ask_contact=plain["ask_contact"],
        notice=plain["notice"],
    )
