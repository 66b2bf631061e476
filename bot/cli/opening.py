"""What every command does first: read the settings, open the database, and say in words when it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from bot import logs
from bot.services.school import School
from bot.settings import Purpose, Settings, SettingsError, load_settings
from bot.wiring import open_for, the_school
from storage import moves
from storage.database import Database
from storage.opening import StorageError

T = TypeVar("T")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

CANNOT_RUN = 2


@dataclass(frozen=True, slots=True)
class Office:
    """An open database and the school in it."""

    settings: Settings
    database: Database
    school: School


def stop_with(problem: str, *more: str) -> NoReturn:
    """Say what is wrong on standard error and end with exit code 2."""
    err.print(f"[bold red]Karo cannot go on:[/] {escape(problem)}")
    for line in more:
        err.print(f"  • {escape(line)}")
    raise typer.Exit(CANNOT_RUN)


def settings_for(purpose: Purpose) -> Settings:
    """The settings, or every problem at once and exit code 2."""
    try:
        settings = load_settings(purpose)
    except SettingsError as error:
        stop_with("the settings are not complete.", *error.problems)
    logs.configure(settings.log_level, settings.secrets())
    return settings


def opened(settings: Settings, *, exclusive: bool = False) -> Database:
    """The database, or one sentence and exit code 2."""
    path = None if settings.on_a_server else Path(settings.database_url.removeprefix("sqlite:///"))
    is_new = path is not None and not path.exists()
    try:
        database = open_for(settings, exclusive=exclusive)
    except StorageError as error:
        stop_with(str(error))
    if path is not None and is_new:
        err.print(f"Made a new, empty database: {escape(str(path.absolute()))} (keep its .key file with it)")
    return database


async def refuse_moved(database: Database) -> None:
    """Nothing runs or writes in a database that was carried elsewhere: one sentence and exit code 2."""
    if (why := await database.read(moves.refusal)) is not None:
        database.close()
        stop_with(why)


def with_office(work: Callable[[Office], Awaitable[T]], *, writes: bool = False) -> T:
    """Open the school's books, do one thing, close them. writes: it may change what stands in them."""
    settings = settings_for("open")

    async def go() -> T:
        database = opened(settings)
        if writes:
            await refuse_moved(database)
        try:
            return await work(Office(settings, database, await the_school(database, settings)))
        finally:
            database.close()

    return asyncio.run(go())
