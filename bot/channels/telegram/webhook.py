"""Telegram's webhook: where it brings updates, by which secrets we know that it is Telegram, and what it brings."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from telegram import Bot

from bot.channels.telegram.commands import set_commands
from bot.channels.telegram.updates import ALLOWED_UPDATES, read_update
from bot.services.incoming import Arrived, NotAnUpdate

CONNECTIONS = 40  #: how many updates Telegram brings at a time, at most


@dataclass(frozen=True, slots=True)
class WebhookSecrets:
    """path: the last part of the address. header: what Telegram sends as X-Telegram-Bot-Api-Secret-Token."""

    path: str = field(repr=False)
    header: str = field(repr=False)


def webhook_secrets(
    bot_token: str, keyed_hash: Callable[[str, str], str], header: str = ""
) -> WebhookSecrets:
    """The same ones for the same bot and the same key, in every process.

    keyed_hash: (purpose, text) as hex digits; the bot token cannot be found from them. header: the one that was
    chosen instead (1 to 256 of A-Z, a-z, 0-9, _ and -); "" derives it.
    """
    path = keyed_hash("telegram webhook path", bot_token)
    return WebhookSecrets(path, header or keyed_hash("telegram webhook header", bot_token))


def webhook_url(public_url: str, secrets: WebhookSecrets) -> str:
    """Where Telegram brings updates: /telegram/<secret> below our public address."""
    return f"{public_url.rstrip('/')}/telegram/{secrets.path}"


async def set_webhook(bot: Bot, url: str, secret_token: str, *, anew: bool = False) -> bool:
    """Let Telegram bring the updates, and set the commands. Waiting updates are kept. Raises TelegramError.

    False: it was set so before, and nothing was changed. The secret cannot be read back: `anew` sets it in any case.
    """
    await set_commands(bot)
    if not anew and await _is_set(bot, url):
        return False
    return await bot.set_webhook(
        url,
        max_connections=CONNECTIONS,
        allowed_updates=ALLOWED_UPDATES,
        drop_pending_updates=False,
        secret_token=secret_token,
    )


async def delete_webhook(bot: Bot) -> bool:
    """From now on updates are asked for. What waits is kept. Raises TelegramError."""
    return await bot.delete_webhook(drop_pending_updates=False)


async def _is_set(bot: Bot, url: str) -> bool:
    info = await bot.get_webhook_info()
    return (
        info.url == url
        and info.max_connections == CONNECTIONS
        and set(info.allowed_updates or ()) == set(ALLOWED_UPDATES)
    )


def arrived(body: bytes) -> Arrived:
    """The update in the body of a request. Raises NotAnUpdate for what has no update id."""
    try:
        raw: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise NotAnUpdate("not JSON") from None
    if not isinstance(raw, dict) or type(raw.get("update_id")) is not int:
        raise NotAnUpdate("no update id")
    return read_update(raw)
