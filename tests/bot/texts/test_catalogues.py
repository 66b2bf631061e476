"""Both languages say everything, with the same blanks, and nothing that is never said."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

import bot
import storage
from bot.channels.telegram.commands import COMMANDS
from bot.dialogue.actions import ACTIONS
from bot.dialogue.outcomes import ACTIONS as CAUSES
from bot.dialogue.outcomes import OWN_MONEY, Action
from bot.dialogue.state import At
from bot.services.line_rules import CAUSES as LINE_CAUSES
from bot.texts import LANGUAGES, keys, template
from daraja.doctor import CauseClass

BOT = Path(bot.__file__).parent
STORAGE = Path(storage.__file__).parent
KEY = re.compile(r"[a-z_]+(\.[a-z0-9_]+)*")
SAYING = {"say", "Say", "_head", "template"}
SAME_IN_BOTH = {"language.english", "language.kiswahili", "choice.child", "choice.payment", "payments.row"}

#: Keys that the code puts together: each beginning with every end that it can get.
COMPOSED: dict[str, Iterable[str]] = {
    "cause.": CAUSES,
    "next.": CAUSES,
    "money.": {"unmoved", "unknown", *OWN_MONEY},
    "choice.": {action.value for action in Action},
    "help.at.": {at.value for at in At},
    "amount.bad.": {"letters", "negative", "cents", "ambiguous", "zero", "too_much"},
    "phone.bad.": {"empty", "letters", "too_short", "too_long", "not_kenyan"},
    "finding.": {"genuine", "pending", "claimed", "suspense", "not_ours", "unknown", "not_a_code"},
    "command.": COMMANDS,
    "line.cause.": LINE_CAUSES,
    "role.": {"staff", "admin"},
    "doctor.cause.": {cause.value for cause in CauseClass},
    "doctor.next.": {cause.value for cause in CauseClass},
}


def blanks(key: str, language: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template(key, language)) if name}


def trees(*packages: Path) -> list[ast.Module]:
    return [
        ast.parse(path.read_text(encoding="utf-8")) for package in packages for path in package.rglob("*.py")
    ]


def words_in(*packages: Path) -> set[str]:
    """Every string constant that could be a text's key, or the end of one."""
    nodes = [node for tree in trees(*packages) for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return {node.value for node in nodes if isinstance(node.value, str) and KEY.fullmatch(node.value)}


def beginnings_in(package: Path) -> set[str]:
    """The beginnings of keys that the code puts together: `cause.` of `f"cause.{cause}"`."""
    nodes = [node for tree in trees(package) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    firsts = [node.values[0] for node in nodes if node.values]
    texts = {str(first.value) for first in firsts if isinstance(first, ast.Constant)}
    return {text for text in texts if text.endswith(".") and any(key.startswith(text) for key in keys("en"))}


def said_by_key(package: Path) -> set[str]:
    """The keys that the code says in so many words: the first argument of `say(...)` and the like."""
    calls = [node for tree in trees(package) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [
        call.args[0]
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in SAYING and call.args
    ]
    return {node.value for node in named if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_both_files_hold_the_same_texts_with_the_same_blanks() -> None:
    assert keys("en") == keys("sw")
    assert {key: blanks(key, "en") for key in keys("en")} == {key: blanks(key, "sw") for key in keys("sw")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_fuzzy_or_twice_in_its_file(language: str) -> None:
    path = BOT / "texts" / f"{language}.po"
    with path.open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    assert all(str(message.string).strip() for message in messages)
    assert not [message.id for message in messages if message.fuzzy]
    assert path.read_text(encoding="utf-8").count("\nmsgid ") == len(messages) + 1


def test_nothing_is_left_untranslated() -> None:
    same = {key for key in keys("en") if template(key, "en") == template(key, "sw")}
    assert same == SAME_IN_BOTH


def test_every_key_that_the_code_says_has_a_text() -> None:
    composed = {beginning + end for beginning, ends in COMPOSED.items() for end in ends}
    assert not said_by_key(BOT) - keys("en")
    assert not composed - keys("en")


def test_every_text_is_said_somewhere() -> None:
    reasons = {f"attention.{word}" for word in words_in(BOT, STORAGE)}
    composed = {beginning + end for beginning, ends in COMPOSED.items() for end in ends}
    other_words = {f"words.{verb}" for verb in ACTIONS}
    assert not keys("en") - words_in(BOT) - composed - reasons - other_words


def test_every_key_put_together_is_listed_here() -> None:
    assert beginnings_in(BOT) <= {*COMPOSED, "attention.", "words."}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_is_asked_for_a_pin(language: str) -> None:
    asked = re.compile(
        r"(send|tell|give|type|share) me your (m-pesa )?pin|nitumie pin|niambie pin", re.IGNORECASE
    )
    assert not [key for key in keys(language) if asked.search(template(key, language))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_short_enough_for_an_old_phone(language: str) -> None:
    assert not [key for key in keys(language) if len(template(key, language)) > 420]
    labels = [key for key in keys(language) if key.startswith("choice.")]
    assert not [key for key in labels if len(template(key, language)) > 45]
