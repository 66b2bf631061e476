"""The picture of the conversation is drawn from the table that it works by."""

from __future__ import annotations

from bot.dialogue import mermaid
from bot.dialogue.actions import ACTIONS, COMMAND_VERBS
from bot.dialogue.moves import ANYWHERE, MOVES
from bot.dialogue.screens import SCREENS
from bot.dialogue.state import At


def test_every_step_has_a_screen_and_a_row() -> None:
    assert set(SCREENS) == set(MOVES) == set(At)


def test_every_verb_of_the_table_can_be_performed() -> None:
    assert {verb for moves in MOVES.values() for verb in moves} <= set(ACTIONS)


def test_the_commands_drawn_are_the_commands_known() -> None:
    assert set(ANYWHERE) <= set(COMMAND_VERBS) | {"remind"}


def test_the_diagram_shows_every_step_and_how_payment_is_reached() -> None:
    drawn = mermaid()
    assert drawn.startswith("stateDiagram-v2\n")
    assert all(f" {at.value} " in drawn or drawn.count(f"--> {at.value}") for at in At)
    assert "    confirm --> payment : confirm\n" in drawn
    assert "    anywhere --> remind : /remind\n" in drawn
