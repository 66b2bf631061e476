"""The way out to Telegram: screens as messages, and the library's errors as what became of the message."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import httpx
from telegram import Bot, LinkPreviewOptions, ReplyKeyboardRemove
from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError

from bot.channels.telegram.render import inline_of, markup_of, text_of
from bot.dialogue.screen import Say
from bot.services.messages import DeliveryError, OutgoingMessage, SlowDown, TryLater, Unreachable

T = TypeVar("T")

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_GONE = ("chat not found", "user not found", "peer_id_invalid", "chat_id is empty", "user is deactivated")
_UNMODIFIED = "message is not modified"
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_MOST_KEYBOARDS = 10_000


class TelegramMessenger:
    """Implements `Messenger` with the library's Bot. Addresses are chat ids, message ids are Telegram's."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._with_keyboard: set[str] = set()  # chats that still show the share-contact keyboard

    async def send(self, address: str, message: OutgoingMessage) -> str:
        """Deliver; the new message's id. A share-contact keyboard no longer wanted is put away first."""
        lines = message.screen.lines
        if address in self._with_keyboard and not message.screen.ask_contact:
            lines = await self._put_keyboard_away(address, message)
        with_inline = _rendered(lambda: markup_of(message))
        text = _rendered(lambda: text_of(lines, message.language))
        sent = await _translated(
            lambda: self._bot.send_message(
                int(address), text, reply_markup=with_inline, link_preview_options=_NO_PREVIEW
            )
        )
        if message.screen.ask_contact and len(self._with_keyboard) < _MOST_KEYBOARDS:
            self._with_keyboard.add(address)
        return str(sent.message_id)

    async def edit(self, address: str, message_id: str, message: OutgoingMessage) -> None:
        """Put the message in the place of an earlier one; nothing to change is success.

        Raises DeliveryError itself when the old message is gone or cannot be edited: send it anew.
        """
        if message.screen.ask_contact:
            raise DeliveryError("a message cannot be edited into one with a keyboard")
        text = _rendered(lambda: text_of(message.screen.lines, message.language))
        markup = _rendered(lambda: inline_of(message))
        try:
            await _translated(
                lambda: self._bot.edit_message_text(
                    text, int(address), int(message_id), reply_markup=markup, link_preview_options=_NO_PREVIEW
                )
            )
        except DeliveryError as error:
            if error.reason != _UNMODIFIED:
                raise

    async def _put_keyboard_away(self, address: str, message: OutgoingMessage) -> tuple[Say, ...]:
        """Gives the lines still to send: a message has one kind of keyboard, so the first line goes ahead."""
        first, *rest = message.screen.lines
        if not rest:
            return message.screen.lines
        text = _rendered(lambda: text_of((first,), message.language))
        await _translated(
            lambda: self._bot.send_message(int(address), text, reply_markup=ReplyKeyboardRemove())
        )
        self._with_keyboard.discard(address)
        return tuple(rest)


def _rendered(render: Callable[[], T]) -> T:
    try:
        return render()
    except (KeyError, ValueError) as error:
        raise DeliveryError(f"cannot be rendered: {type(error).__name__}") from error


async def _translated(call: Callable[[], Awaitable[T]]) -> T:
    try:
        return await call()
    except TelegramError as error:
        raise _outcome(error) from error


def _outcome(error: TelegramError) -> DeliveryError:
    if isinstance(error, RetryAfter):
        return SlowDown(_seconds(error.retry_after))
    if isinstance(error, Forbidden):
        return Unreachable("blocked by the person")
    if isinstance(error, BadRequest):
        return _refusal(error.message.lower())
    if isinstance(error, InvalidToken):
        return TryLater(False, "Telegram does not accept the bot token")
    if found := re.match(r"too many requests(?:.*retry after (\d+))?", error.message, re.IGNORECASE):
        return SlowDown(float(found[1] or 1))
    return TryLater(not isinstance(error.__cause__, _NEVER_LEFT), type(error).__name__)


def _refusal(description: str) -> DeliveryError:
    if any(words in description for words in _GONE):
        return Unreachable("no such chat")
    if _UNMODIFIED in description:
        return DeliveryError(_UNMODIFIED)
    return DeliveryError(f"refused: {description}")


def _seconds(wait: int | timedelta) -> float:
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
