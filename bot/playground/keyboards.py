"""Keyboards as the bot sends them, checked as Telegram checks them, and as buttons on a phone."""

from __future__ import annotations

from typing import Any

from bot.playground.faults import ApiError
from bot.playground.person import Button

Json = dict[str, Any]
Rows = tuple[tuple[Button, ...], ...]

_MAX_CALLBACK_DATA = 64


def inline_rows(markup: Json) -> Rows:
    """The buttons of an inline keyboard. Raises ApiError 400 for what Telegram would refuse."""
    return tuple(tuple(_inline_button(button) for button in row) for row in markup.get("inline_keyboard", ()))


def reply_rows(markup: Json) -> Rows:
    """The buttons of a keyboard under the text field."""
    return tuple(tuple(_reply_button(button) for button in row) for row in markup.get("keyboard", ()))


def _inline_button(button: Json) -> Button:
    data = str(button.get("callback_data", ""))
    if not button.get("text"):
        raise ApiError(400, "Bad Request: can't parse inline keyboard button: Text buttons must be non-empty")
    if not 1 <= len(data.encode()) <= _MAX_CALLBACK_DATA:
        raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    return Button(str(button["text"]), data)


def _reply_button(button: Json | str) -> Button:
    if isinstance(button, str):
        return Button(button)
    return Button(str(button["text"]), contact=bool(button.get("request_contact")))
