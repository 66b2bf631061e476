"""`karo run`, and the two that share its work where one machine is not enough: `karo web`, `karo worker`."""

from __future__ import annotations

import asyncio
import signal

import structlog

from bot.channels.telegram import UnknownBotToken
from bot.cli.opening import opened, out, refuse_moved, settings_for, stop_with
from bot.services.census import Census, take_census
from bot.settings import SANDBOX_SHORTCODE, Purpose, Settings
from bot.web import AddressInUse
from bot.wiring import Karo, the_school
from storage import payments
from storage.database import Database

log = structlog.get_logger(__name__)


def run() -> None:
    """Run everything in one process: chat, web, jobs. Ctrl-C or SIGTERM stops it cleanly."""
    _serve("run")


def web() -> None:
    """Take what M-PESA and Telegram bring: one of any number of web processes on one PostgreSQL."""
    _serve("web")


def worker() -> None:
    """Send messages and do timed work: one of any number of workers on one PostgreSQL."""
    _serve("worker")


def _serve(purpose: Purpose) -> None:
    settings = settings_for(purpose)
    try:
        asyncio.run(serve(settings))
    except UnknownBotToken:
        stop_with("Telegram does not know TELEGRAM_BOT_TOKEN: copy it again from BotFather.")
    except AddressInUse as error:
        stop_with(f"{error}; set HOST or PORT.")


async def serve(settings: Settings) -> None:
    """Build, say hello, serve until told to stop."""
    database = opened(settings, exclusive=settings.purpose == "run")
    await refuse_moved(database)
    school = await the_school(database, settings)
    await _refuse_sandbox_money(settings, database)
    karo = Karo(settings, database, school)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)

    async def hello() -> None:
        census = await database.read(lambda unit: take_census(unit, karo.school.id))
        if settings.purpose == "run":
            greet(karo, census)
        else:
            greet_shortly(karo)
        log.info("started", kind=settings.purpose, children=census.children, callbacks=school.callbacks)

    await karo.run(stop, started=hello)
    out.print("Stopped. Nothing is lost: what was waiting goes on at the next start.")


async def _refuse_sandbox_money(settings: Settings, database: Database) -> None:
    if settings.sandbox:
        return
    tried = await database.read(lambda unit: payments.count_to(unit, SANDBOX_SHORTCODE))
    if tried:
        database.close()
        stop_with(
            f"the database holds {tried} payment(s) of the sandbox, whose money never reached the school.",
            "Real balances would be wrong: start with a new DATABASE_URL and import the children again.",
        )


def greet_shortly(karo: Karo) -> None:
    """What the log of a server says first."""
    what = f"web door at {karo.web_url}" if karo.web_url else "messages, reminders and questions to M-PESA"
    out.print(f"[bold]Karo[/] {karo.settings.purpose} for {karo.school.name}: {what}")
    if karo.school.sandbox:
        out.print("  [yellow]SANDBOX: the school never gets what is paid here[/]")


def greet(karo: Karo, census: Census) -> None:
    """What the office sees at start: the bot's link, who is in the books, what is missing."""
    out.print(f"[bold]Karo[/] for {karo.school.name} is running: https://t.me/{karo.bot.username}")
    out.print(
        f"  {census.children} children, {census.guardians} guardians ({census.linked} linked), "
        f"{census.staff} staff"
    )
    out.print(f"  web door at {karo.web_url}")
    if karo.school.callbacks:
        out.print(f"  M-PESA reports outcomes to {karo.school.public_url}")
    else:
        out.print("  no PUBLIC_URL: M-PESA cannot call us, so outcomes are asked for, a little slower")
    if karo.school.sandbox:
        out.print(
            "  [yellow]SANDBOX: a prompt on a real Safaricom line debits it; the school never gets it[/]"
        )
    if census.children == 0:
        out.print("  [yellow]no children yet: karo import students students.csv[/]")
    if census.admins == 0:
        out.print("  [yellow]no admin yet: karo staff add --name NAME --role admin[/]")
    if census.waiting:
        out.print(f"  [yellow]{census.waiting} thing(s) wait for a person: karo attention[/]")
