"""The commands that Telegram offers beside the text field, in both languages."""

from __future__ import annotations

from telegram import Bot, BotCommand

from bot.texts import LANGUAGES, say

COMMANDS = ("start", "pay", "balance", "payments", "language", "help", "cancel")


async def set_commands(bot: Bot) -> None:
    """Set them for each language, and the first language's for everyone else. Raises TelegramError."""
    default, *_ = LANGUAGES
    await bot.set_my_commands(commands_in(default))
    for language in LANGUAGES:
        await bot.set_my_commands(commands_in(language), language_code=language)


def commands_in(language: str) -> list[BotCommand]:
    """Each command with its one line of explanation."""
    return [BotCommand(name, say(f"command.{name}", language)) for name in COMMANDS]
