"""Telegram: updates in by long polling or a webhook, messages with inline buttons out."""

from __future__ import annotations

from bot.channels.telegram.bot import make_bot
from bot.channels.telegram.buttons import ButtonClocks
from bot.channels.telegram.commands import set_commands
from bot.channels.telegram.look import look_at_bot
from bot.channels.telegram.meeting import UnknownBotToken, meet, username_of
from bot.channels.telegram.messenger import TelegramMessenger
from bot.channels.telegram.poller import Poller
from bot.channels.telegram.webhook import (
    WebhookSecrets,
    arrived,
    delete_webhook,
    set_webhook,
    webhook_secrets,
    webhook_url,
)

__all__ = [
    "ButtonClocks", "Poller", "TelegramMessenger", "UnknownBotToken", "WebhookSecrets", "arrived",
    "delete_webhook", "look_at_bot", "make_bot", "meet", "set_commands", "set_webhook", "username_of",
    "webhook_secrets", "webhook_url",
]  # fmt: skip
