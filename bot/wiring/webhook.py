"""Telegram's webhook as these settings and this database want it: the same secrets in every process."""

from __future__ import annotations

from telegram.error import InvalidToken, TelegramError

from bot.channels.telegram import (
    UnknownBotToken,
    WebhookSecrets,
    make_bot,
    set_webhook,
    webhook_secrets,
    webhook_url,
)
from bot.settings import Settings
from bot.wiring.parts import open_for
from storage.database import Database


def secrets_of(settings: Settings, database: Database) -> WebhookSecrets:
    """Derived from the bot token and the database's key, which outlives any rotation of KARO_SECRET_KEY."""
    return webhook_secrets(
        settings.telegram_bot_token.get_secret_value(),
        database.vault.hash,
        settings.telegram_webhook_secret.get_secret_value(),
    )


async def announce_webhook(settings: Settings, *, again: bool = True) -> str:
    """Tells Telegram where to bring updates; the host it was told. The path is a secret.

    Raises UnknownBotToken, or ConnectionError in words when Telegram cannot be asked or does not want it.
    """
    database = open_for(settings)
    try:
        secrets = secrets_of(settings, database)
    finally:
        database.close()
    url = webhook_url(settings.public_url, secrets)
    try:
        async with make_bot(settings.telegram_bot_token.get_secret_value(), settings.telegram_api_url) as bot:
            await set_webhook(bot, url, secrets.header, anew=again)
    except InvalidToken as error:
        raise UnknownBotToken from error
    except TelegramError as error:
        raise ConnectionError(f"Telegram did not take it ({type(error).__name__})") from None
    return settings.public_url
