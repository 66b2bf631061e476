"""What a step gives back."""

from __future__ import annotations

from dataclasses import dataclass

from bot.dialogue.effects import Effect
from bot.dialogue.screen import Say
from bot.dialogue.state import State


@dataclass(frozen=True, slots=True)
class Step:
    """Where the conversation stands now, what to say before the next screen, and what is to be done."""

    state: State
    preface: tuple[Say, ...] = ()
    effects: tuple[Effect, ...] = ()


def stay(state: State, *preface: Say) -> Step:
    """A step that only says something."""
    return Step(state, preface)
