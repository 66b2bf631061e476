"""`karo migrate`: the newest schema, and Telegram's webhook where updates come by one."""

from __future__ import annotations

import asyncio

import typer
from rich.markup import escape

from bot.channels.telegram import UnknownBotToken
from bot.cli.opening import err, out, settings_for, stop_with
from bot.settings import Settings
from bot.wiring import announce_webhook, migrate_for
from storage.opening import StorageError


def migrate() -> None:
    """Bring the database to the newest schema and, with PUBLIC_URL, set Telegram's webhook."""
    settings = settings_for("open")
    try:
        migrate_for(settings)
    except StorageError as error:
        stop_with(str(error))
    out.print("The database has the newest schema.")
    if not _by_webhook(settings):
        return
    settings = settings_for("webhook")
    if missing := _missing(settings):
        out.print(f"Telegram's webhook is not set: it needs {missing}.")
        return
    try:
        where = asyncio.run(announce_webhook(settings))
    except UnknownBotToken:
        stop_with("Telegram does not know TELEGRAM_BOT_TOKEN: copy it again from BotFather.")
    except ConnectionError as error:
        err.print(
            f"[bold red]Telegram's webhook is not set:[/] {escape(str(error))}. Run `karo migrate` again."
        )
        raise typer.Exit(1) from None
    out.print(f"Telegram brings updates to {escape(where)} from now on.")


def _by_webhook(settings: Settings) -> bool:
    """With `karo web` a webhook is what nobody has to ask for; with `karo run` polling is."""
    wanted = settings.telegram_updates or ("webhook" if settings.on_a_server else "polling")
    return wanted == "webhook"


def _missing(settings: Settings) -> str:
    """What Telegram cannot be told without."""
    given = {"PUBLIC_URL": settings.public_url, "TELEGRAM_BOT_TOKEN": settings.telegram_bot_token}
    return " and ".join(name for name, value in given.items() if not value)
