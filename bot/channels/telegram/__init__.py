"""Telegram: long polling in, messages with inline buttons out."""

from __future__ import annotations

from bot.channels.telegram.bot import make_bot
from bot.channels.telegram.commands import set_commands
from bot.channels.telegram.meeting import UnknownBotToken, meet, username_of
from bot.channels.telegram.messenger import TelegramMessenger
from bot.channels.telegram.poller import Poller

__all__ = [
    "Poller", "TelegramMessenger", "UnknownBotToken", "make_bot", "meet", "set_commands", "username_of",
]  # fmt: skip
