"""The doctor names settings and commands: each of them is there."""

from __future__ import annotations

import re
from pathlib import Path

from typer.core import TyperGroup
from typer.main import get_command

import bot.services
import bot.texts
import daraja.doctor
from bot.cli import app
from bot.settings import Settings

ROOMS = (Path(daraja.doctor.__file__).parent, Path(bot.services.__file__).parent)
FILES = [
    *ROOMS[0].glob("*.py"),
    *ROOMS[1].glob("examine*.py"),
    ROOMS[1] / "go_live.py",
    Path(bot.texts.__file__).with_name("en.po"),  # in Kiswahili "karo" is a word
]
SAID = "\n".join(file.read_text(encoding="utf-8") for file in FILES)


def test_every_setting_that_is_named_is_one() -> None:
    named = set(re.findall(r"\b(?:DARAJA|TELEGRAM|KARO|SCHOOL|PUBLIC|DATABASE)_[A-Z_]*[A-Z]\b", SAID))
    assert {name.lower() for name in named} - set(Settings.model_fields) == set()


def test_every_command_that_is_named_is_one() -> None:
    karo = get_command(app)
    assert isinstance(karo, TyperGroup)
    assert set(re.findall(r"\bkaro ([a-z]+)\b(?! is)", SAID)) - set(karo.commands) == set()
