"""`karo run` and `karo migrate`."""

from __future__ import annotations

import asyncio
import signal

import structlog

from bot.channels.telegram import UnknownBotToken
from bot.cli.opening import opened, out, settings_for, stop_with
from bot.services.census import Census, take_census
from bot.settings import SANDBOX_SHORTCODE, Settings
from bot.web import AddressInUse
from bot.wiring import Karo, the_school
from storage import payments

log = structlog.get_logger(__name__)


def migrate() -> None:
    """Bring the database to the newest schema."""
    settings = settings_for("open")
    opened(settings).close()
    out.print("The database has the newest schema.")


def run() -> None:
    """Run everything in one process: chat, web, jobs. Ctrl-C or SIGTERM stops it cleanly."""
    settings = settings_for("run")
    try:
        asyncio.run(serve(settings))
    except UnknownBotToken:
        stop_with("Telegram does not know TELEGRAM_BOT_TOKEN: copy it again from BotFather.")
    except AddressInUse as error:
        stop_with(f"{error}; set HOST or PORT.")


async def serve(settings: Settings) -> None:
    """Build, say hello, serve until told to stop."""
    database = opened(settings, exclusive=True)
    school = await the_school(database, settings)
    if not settings.sandbox and (
        tried := await database.read(lambda unit: payments.count_to(unit, SANDBOX_SHORTCODE))
    ):
        database.close()
        stop_with(
            f"the database holds {tried} payment(s) of the sandbox, whose money never reached the school.",
            "Real balances would be wrong: start with a new DATABASE_URL and import the children again.",
        )
    karo = Karo(settings, database, school)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)

    async def hello() -> None:
        census = await database.read(lambda unit: take_census(unit, karo.school.id))
        greet(karo, census)

    await karo.run(stop, started=hello)
    out.print("Stopped. Nothing is lost: what was waiting goes on at the next start.")


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
    log.info("started", children=census.children, callbacks=karo.school.callbacks)
