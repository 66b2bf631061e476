"""Try it with no account: a stand-in for Telegram's Bot API and the people behind it."""

from __future__ import annotations

from bot.playground.botapi import PLAYGROUND_TOKEN, BotApi, BotApiServer
from bot.playground.person import Button, Person, ShownMessage

__all__ = ["PLAYGROUND_TOKEN", "BotApi", "BotApiServer", "Button", "Person", "ShownMessage"]
