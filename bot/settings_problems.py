"""What is wrong with the settings, in words: one line each, none holds a value."""

from __future__ import annotations

from pydantic_core import ErrorDetails

_NUMBERS = {
    "PORT": "a number from 0 to 65535",
    "DARAJA_PACE": "a number of pushes a second, from 0 (no limit) to 1000",
}


class SettingsError(Exception):
    """Something is wrong with the settings. problems: one plain line each, none holds a value."""

    def __init__(self, problems: list[str]) -> None:
        count = "1 setting needs" if len(problems) == 1 else f"{len(problems)} settings need"
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"{count} attention (environment, or the file .env):\n{lines}")
        self.problems = problems


def in_words(detail: ErrorDetails) -> str:
    """One problem as a sentence that begins with the setting's name."""
    name = str(detail["loc"][0]).upper()
    context = detail.get("ctx", {})
    if detail["type"] == "value_error":
        return f"{name} {context['error']}"
    if detail["type"] == "literal_error":
        return f"{name} must be {context['expected']}"
    if name in _NUMBERS:
        return f"{name} must be {_NUMBERS[name]}"
    return f"{name} has the wrong form"
