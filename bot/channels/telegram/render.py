"""A screen as a Telegram message: plain text, numbered inline buttons."""

from __future__ import annotations

from collections.abc import Sequence

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
)

from bot.dialogue.screen import Choice, Say
from bot.services.messages import OutgoingMessage
from bot.texts import say

MAX_TEXT = 4096  # UTF-16 units, as Telegram counts
MAX_CALLBACK_DATA = 64  # bytes
SHORT_LABEL = 14  # two buttons up to this many characters share a row
NOTICE = "n"

Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup


def to_message(message: OutgoingMessage) -> tuple[str, Markup | None]:
    """The text, and what stands below it. Raises ValueError for a choice key too long for a button.

    A session's buttons begin with their number, which may be typed too. A notice's do not: a typed number
    always means the session's screen. Asking for the contact takes Telegram's button under the text field.
    """
    return text_of(message.screen.lines, message.language), markup_of(message)


def text_of(lines: Sequence[Say], language: str) -> str:
    """The lines in words, a blank line between, cut where Telegram would refuse more."""
    return cut("\n\n".join(_words(line, language) for line in lines))


def markup_of(message: OutgoingMessage) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | None:
    """The buttons of a screen; None when there is nothing to tap."""
    return _contact_keyboard(message) if message.screen.ask_contact else inline_of(message)


def cut(text: str, limit: int = MAX_TEXT) -> str:
    """The text within `limit` UTF-16 units, ended at a blank with `…` where it was longer."""
    if _length(text) <= limit:
        return text
    kept = text.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", "ignore")
    whole_words = kept[: max(kept.rfind(" "), kept.rfind("\n"))] if " " in kept or "\n" in kept else kept
    return f"{whole_words.rstrip()}…"


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _words(line: Say, language: str) -> str:
    return say(line.key, language, **line.values)


def _contact_keyboard(message: OutgoingMessage) -> ReplyKeyboardMarkup:
    share = KeyboardButton(say("contact.button", message.language), request_contact=True)
    others = [[KeyboardButton(_words(choice.label, message.language))] for choice in message.screen.choices]
    return ReplyKeyboardMarkup([[share], *others], resize_keyboard=True, one_time_keyboard=True)


def inline_of(message: OutgoingMessage) -> InlineKeyboardMarkup | None:
    """The choices as buttons of the message itself, the only kind that an edit can carry."""
    screen = message.screen
    prefix = NOTICE if screen.notice else str(message.version)
    buttons = [
        _button(choice, _words(choice.label, message.language), prefix, None if screen.notice else number)
        for number, choice in enumerate(screen.choices, start=1)
    ]
    return InlineKeyboardMarkup(_rows(buttons)) if buttons else None


def _button(choice: Choice, words: str, prefix: str, number: int | None) -> InlineKeyboardButton:
    data = f"{prefix}:{choice.key}"
    if len(data.encode()) > MAX_CALLBACK_DATA:
        raise ValueError(f"a button holds at most {MAX_CALLBACK_DATA} bytes: {choice.key.partition(':')[0]}")
    return InlineKeyboardButton(words if number is None else f"{number}. {words}", callback_data=data)


def _rows(buttons: Sequence[InlineKeyboardButton]) -> list[list[InlineKeyboardButton]]:
    """One a row, but two short neighbours share one."""
    rows: list[list[InlineKeyboardButton]] = []
    for button in buttons:
        neighbours = rows[-1] if rows else []
        if len(neighbours) == 1 and max(len(neighbours[0].text), len(button.text)) <= SHORT_LABEL:
            neighbours.append(button)
        else:
            rows.append([button])
    return rows
