"""Builds everything from Settings: the only file that knows all the concrete parts."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from starlette.types import ASGIApp

from bot.channels.telegram import Poller, TelegramMessenger, make_bot, meet, username_of
from bot.jobs import Job, make_scheduler
from bot.services.announce import Announcer
from bot.services.background import Background
from bot.services.callbacks import CallbackVerdict
from bot.services.collect import Collect
from bot.services.converse import Converse, Taken
from bot.services.deliver import Deliver
from bot.services.housekeeping import Housekeeping
from bot.services.incoming import Incoming
from bot.services.reconcile import Reconcile
from bot.services.remind import Remind
from bot.services.school import Clock, School
from bot.services.settle import Settle
from bot.settings import Settings
from bot.web import create_web, serving
from daraja import PRODUCTION_URL, SANDBOX_URL, Credentials, DarajaClient
from storage import schools
from storage.database import Database
from storage.opening import open_database
from storage.unit import Unit

log = structlog.get_logger(__name__)

STOP_WITHIN_S = 4.0  # with two seconds for the chat and three for the web door: less than ten


def utc_now() -> datetime:
    """The clock of a running process."""
    return datetime.now(UTC)


def new_callback_token() -> str:
    """128 random bits in lower-case hex."""
    return secrets.token_hex(16)


def open_for(settings: Settings, *, exclusive: bool = False) -> Database:
    """The database of these settings, migrated. Raises storage's errors in words a person can act on."""
    return open_database(settings.database_url, settings.secret_keys, exclusive=exclusive)


def make_daraja(settings: Settings) -> DarajaClient:
    """One client for the process."""
    default = PRODUCTION_URL if settings.daraja_environment == "production" else SANDBOX_URL
    credentials = Credentials(
        consumer_key=settings.daraja_consumer_key.get_secret_value(),
        consumer_secret=settings.daraja_consumer_secret.get_secret_value(),
        shortcode=settings.daraja_shortcode,
        passkey=settings.daraja_passkey.get_secret_value(),
    )
    return DarajaClient(credentials, base_url=settings.daraja_api_url or default)


async def the_school(database: Database, settings: Settings) -> School:
    """The school's row, made or renamed after the settings, and what the verbs need of it."""
    school_id = await database.write(lambda unit: _school_row(unit, settings))
    return School(
        id=school_id,
        name=settings.school_name,
        contact=settings.school_contact,
        shortcode=settings.daraja_shortcode,
        party_b=settings.party_b,
        transaction_type=settings.daraja_transaction_type,
        sandbox=settings.sandbox,
        public_url=settings.public_url.rstrip("/"),
    )


def _school_row(unit: Unit, settings: Settings) -> int:
    """Commands that know no school's name (only `run` must) leave the row as it is."""
    known = schools.first(unit)
    if known is not None and not settings.school_name:
        return known.id
    name = settings.school_name or "My school"
    return schools.ensure(unit, name, settings.school_contact, utc_now())


@dataclass(slots=True)
class Verbs:
    """Every service of one process, wired to one database, one Daraja client and one messenger."""

    converse: Converse
    collect: Collect
    settle: Settle
    reconcile: Reconcile
    remind: Remind
    deliver: Deliver
    housekeeping: Housekeeping


class Karo:
    """`karo run`: chat, web and jobs in one process."""

    def __init__(
        self, settings: Settings, database: Database, school: School, *, clock: Clock = utc_now
    ) -> None:
        self.settings = settings
        self.database = database
        self.school = school
        self.bot = make_bot(settings.telegram_bot_token.get_secret_value(), settings.telegram_api_url)
        self.daraja = make_daraja(settings)
        self._background = Background(done=self._wake)
        self.verbs = self._verbs(clock)
        self.poller = Poller(
            self.bot,
            handle=self.verbs.converse.handle,
            membership=self._membership,
            on_poison=self._poison,
        )
        self.web_url = ""

    def _verbs(self, clock: Clock) -> Verbs:
        announce = Announcer(self.school, clock)
        settle = Settle(self.database, self.school, clock, announce)
        return Verbs(
            converse=Converse(self.database, self.school, clock, committed=self._committed),
            collect=Collect(
                self.database, self.daraja, self.school, clock, announce, settle, new_token=new_callback_token
            ),
            settle=settle,
            reconcile=Reconcile(self.database, self.daraja, clock, announce, settle),
            remind=Remind(self.database, self.school, clock),
            deliver=Deliver(self.database, TelegramMessenger(self.bot), self.school, clock),
            housekeeping=Housekeeping(self.database, self.school, clock),
        )

    async def run(
        self,
        stop: asyncio.Event,
        *,
        started: Callable[[], Awaitable[None]] | None = None,
        ticking: bool = True,
    ) -> None:
        """Serve until `stop` is set, then finish what is under way within ten seconds.

        ticking: False leaves the timed jobs to the caller, who lets time pass.
        """
        async with AsyncExitStack() as stack:
            stack.callback(self.database.close)
            stack.push_async_callback(self.daraja.aclose)
            stack.push_async_callback(self._background.finish, STOP_WITHIN_S)
            await self.verbs.collect.recover()
            await self.verbs.deliver.recover()
            self.web_url = await stack.enter_async_context(
                serving(self._web(), self.settings.host, self.settings.port)
            )
            if ticking:
                scheduler = make_scheduler(self.jobs())
                scheduler.start()
                stack.callback(scheduler.shutdown, wait=False)
            if await meet(self.bot, stack, stop):
                await self._chat(stop, started)
            log.info("stopping")

    async def _chat(self, stop: asyncio.Event, started: Callable[[], Awaitable[None]] | None) -> None:
        polling = asyncio.create_task(self.poller.run())
        sending = asyncio.create_task(self.verbs.deliver.run())
        waiting = asyncio.create_task(stop.wait())
        if started is not None:
            await started()
        done, _ = await asyncio.wait({waiting, polling, sending}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        self.poller.stop()
        self.verbs.deliver.stop()
        await _end(polling, sending)
        for task in done - {waiting}:
            task.result()

    def _web(self) -> ASGIApp:
        return create_web(
            self._callback,
            self._ready,
            callback_ips=self.settings.daraja_callback_ips,
            trusted_proxies=self.settings.trusted_proxies,
        )

    def jobs(self) -> list[Job]:
        """The table of timed jobs."""
        return [
            Job("collect", 2, self._then_wake(self.verbs.collect.tick)),
            Job("reconcile", 2, self._then_wake(self.verbs.reconcile.tick)),
            Job("remind", 2, self._then_wake(self.verbs.remind.tick)),
            Job("housekeeping", 3600, self.verbs.housekeeping.tick),
        ]

    def _then_wake(self, call: Callable[[], Coroutine[Any, Any, object]]) -> Callable[[], Awaitable[object]]:
        async def ticked() -> None:
            await self._background.shielded(call())
            self._wake()

        return ticked

    async def _callback(self, token: str, body: bytes) -> CallbackVerdict:
        verdict = await self.verbs.settle.callback(token, body)
        self._wake()
        return verdict

    def _wake(self) -> None:
        self.verbs.deliver.wake()

    async def _ready(self) -> bool:
        return await self.database.read(lambda unit: schools.is_there(unit, self.school.id))

    async def _membership(self, address: str, blocked: bool) -> None:
        await self.verbs.converse.membership("telegram", address, blocked)

    async def _poison(self, incoming: Incoming) -> None:
        await self.verbs.converse.apologise(incoming)
        self._wake()

    def _committed(self, taken: Taken) -> None:
        self._wake()
        for payment_id in taken.pushes:
            self._background.start(self.verbs.collect.push(payment_id))
        for payment_id in taken.checks:
            self._background.start(self.verbs.reconcile.check(payment_id))


async def _end(*tasks: asyncio.Task[None]) -> None:
    _, late = await asyncio.wait(tasks, timeout=2.0)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)


async def staff_link(settings: Settings, code: str) -> str | None:
    """The one-time Telegram link of an invite; None when Telegram cannot be asked for the bot's name."""
    name = await username_of(settings.telegram_bot_token.get_secret_value(), settings.telegram_api_url)
    return f"https://t.me/{name}?start={code}" if name else None
