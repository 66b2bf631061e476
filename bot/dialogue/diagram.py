"""The conversation as a picture, drawn from the table that `step` works by."""

from __future__ import annotations

from bot.dialogue.moves import ANYWHERE, MOVES, TYPED, Moves
from bot.dialogue.state import At


def mermaid() -> str:
    """A Mermaid state diagram: choices by their verb, typed input in words, commands from anywhere."""
    lines = ["stateDiagram-v2", f"    [*] --> {At.LANGUAGE.value}"]
    for at in At:
        lines += _arrows(at.value, MOVES[at]) + _arrows(at.value, TYPED.get(at, {}))
    commands: Moves = {f"/{name}": targets for name, targets in ANYWHERE.items()}
    lines += ["    state anywhere <<choice>>", *_arrows("anywhere", commands)]
    return "\n".join(lines) + "\n"


def _arrows(source: str, moves: Moves) -> list[str]:
    by_target: dict[str, list[str]] = {}
    for verb, targets in moves.items():
        for target in targets:
            by_target.setdefault(target.value, []).append(verb)
    return [f"    {source} --> {target} : {', '.join(verbs)}" for target, verbs in by_target.items()]
