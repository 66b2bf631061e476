"""The doctor's verdict in chat: short, in both languages, the same whatever the cause."""

from __future__ import annotations

import pytest

from bot.dialogue.reading import text_of
from bot.dialogue.screens_doctor import verdict_lines
from bot.texts import LANGUAGES
from daraja.doctor import CauseClass, Diagnosis


def verdict(cause: str, language: str = "en", **more: object) -> list[str]:
    said = Diagnosis(cause, "in English", (), "in English", **more)  # type: ignore[arg-type]
    return [text_of(line, language) for line in verdict_lines(said)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cause", list(CauseClass))
def test_every_cause_is_two_to_six_lines_in_each_language(cause: CauseClass, language: str) -> None:
    lines = verdict(cause, language, also=("no_products",), sandbox_only=True)
    assert 2 <= len(lines) <= 6
    assert "in English" not in " ".join(lines)
    assert all("{" not in line for line in lines)


def test_when_all_is_well_nothing_else_is_said() -> None:
    assert len(verdict("well", also=("telegram",), sandbox_only=True)) == 2


def test_what_answers_alike_is_named_with_it() -> None:
    lines = verdict("product_or_go_live", also=("token_level",))
    assert any("The same answers also come when" in line and "refuses every one" in line for line in lines)


def test_a_cause_of_a_later_doctor_is_unclear() -> None:
    assert "do not tell" in verdict("something new", also=("another",))[1]
