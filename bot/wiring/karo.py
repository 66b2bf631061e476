"""One running process of Karo: all of it (`karo run`), or the part of `karo web` or `karo worker`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import structlog
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.channels.telegram import (
    ButtonClocks,
    Poller,
    TelegramMessenger,
    make_bot,
    meet,
    set_webhook,
    webhook_url,
)
from bot.jobs import Job, make_scheduler
from bot.services.background import Background
from bot.services.callbacks import CallbackVerdict
from bot.services.converse import Taken
from bot.services.counted import Tally
from bot.services.figures import FiguresDesk
from bot.services.incoming import Incoming
from bot.services.lease import LeaseKeeper
from bot.services.pulse import BEAT_S, Pulse
from bot.services.school import Clock, School
from bot.services.shared_clock import SharedClock
from bot.settings import Settings
from bot.web import serving
from bot.web.updates import telegram_route
from bot.wiring.answers import answer_doors
from bot.wiring.chat import Chat, greet
from bot.wiring.door import web_door
from bot.wiring.examiner import make_running_examiner
from bot.wiring.parts import make_daraja, make_token_store, process_name, utc_now
from bot.wiring.verbs import make_verbs
from bot.wiring.webhook import secrets_of
from storage import processes, schools
from storage.database import Database
from storage.signals import Signals

log = structlog.get_logger(__name__)

STOP_WITHIN_S = 4.0  # with two seconds for the chat and three for the web door: less than ten
SYNC_S = 60.0  #: seconds between two looks at the database's clock


class Karo:
    """Built from settings whose purpose says which part it is; the rest is the same for all."""

    def __init__(
        self, settings: Settings, database: Database, school: School, *, clock: Clock | None = None
    ) -> None:
        """clock: None for the one that all processes on the database share."""
        self.settings = settings
        self.database = database
        self.school = school
        self.web_url = ""
        self.works = settings.purpose != "web"  #: sends, and does the timed work
        self.serves = settings.purpose != "worker"  #: has a web door
        self.by_webhook = settings.telegram_updates == "webhook"
        self._process = process_name()
        self._shared_clock = SharedClock(utc_now)
        self._clock = clock or self._shared_clock
        self.pulse = Pulse(database, school.id, settings.purpose, self._process, self._clock)
        self.tally = Tally()
        self.bot = make_bot(settings.telegram_bot_token.get_secret_value(), settings.telegram_api_url)
        tokens = make_token_store(settings, database, school.id, self._process)
        self.daraja = make_daraja(
            settings, self.tally, lambda: self.pulse.note(processes.Taken.QUERY), tokens
        )
        self.examiner = make_running_examiner(settings, database, self.daraja, tokens, self._clock, clock)
        self._buttons = ButtonClocks(self.bot)
        self._signals = Signals(database, school.id)
        self._figures = FiguresDesk(database, school.id, self._clock)
        self._background = Background(done=self._wake)
        self.verbs = make_verbs(
            database,
            self.daraja,
            TelegramMessenger(self.bot),
            self._buttons,
            school,
            self._clock,
            self._committed,
            examine=self.examiner.diagnosis,
            process=self._process,
            settings=settings,
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
            await self._open(stack)
            if self.serves:
                self.web_url = await stack.enter_async_context(
                    serving(self._door(), self.settings.host, self.settings.port)
                )
            if ticking:
                scheduler = make_scheduler(self.jobs())
                scheduler.start()
                stack.callback(scheduler.shutdown, wait=False)
            if not self.works:
                await greet(started)
                await stop.wait()
            elif await meet(self.bot, stack, stop):
                await self._chat(stop, started)
            log.info("stopping")

    async def _open(self, stack: AsyncExitStack) -> None:
        """What every process begins with, and ends with the other way round."""
        stack.callback(self.database.close)
        stack.push_async_callback(self.daraja.aclose)
        stack.push_async_callback(self._figures.close)
        await self._shared_clock.sync(self.database)
        await self.pulse.begin()
        stack.push_async_callback(self.pulse.end)
        await stack.enter_async_context(self._signals)
        stack.push_async_callback(self._buttons.close)
        stack.push_async_callback(self._background.finish, STOP_WITHIN_S)
        if self.database.alone:
            await self.verbs.collect.recover()
            await self.verbs.deliver.recover()

    async def _chat(self, stop: asyncio.Event, started: Callable[[], Awaitable[None]] | None) -> None:
        if self.by_webhook and self.serves:
            secrets = secrets_of(self.settings, self.database)
            await set_webhook(
                self.bot, webhook_url(self.school.public_url, secrets), secrets.header, anew=True
            )
        chat = Chat(self._keeper, self.verbs.deliver, None if self.by_webhook else self._poller)
        async with self._signals.listening(self.verbs.deliver.wake):
            chatting = asyncio.create_task(chat.run(stop))
            await greet(started)
            await chatting

    def _door(self) -> ASGIApp:
        return web_door(
            self.settings,
            callback=self._callback,
            answers=answer_doors(self.verbs.answered, self._wake),
            ready=self._ready,
            updates=self._updates() if self.by_webhook else None,
            figures=self._figures,
            pulse=self.pulse,
            tally=self.tally,
        )

    def _updates(self) -> Route:
        secrets = secrets_of(self.settings, self.database)
        return telegram_route(secrets.path, secrets.header, self.verbs.intake.store, self._begin_update)

    def _poller(self) -> Poller:
        return Poller(
            self.bot,
            handle=self._handle,
            membership=self._membership,
            on_poison=self._poison,
        )

    def _keeper(self, lease: str) -> LeaseKeeper:
        return LeaseKeeper(self.database, self.school.id, lease, self._process, clock=utc_now)

    def jobs(self) -> list[Job]:
        """The table of timed jobs."""
        alive = [
            Job("pulse", BEAT_S, self.pulse.beat),
            Job("clock", SYNC_S, lambda: self._shared_clock.sync(self.database)),
        ]
        if not self.works:
            return alive
        return [
            Job("collect", 2, self._then_wake(self.verbs.collect.tick)),
            Job("reconcile", 2, self._then_wake(self.verbs.reconcile.tick)),
            Job("remind", 2, self._then_wake(self.verbs.remind.tick)),
            Job("intake", 2, self._then_wake(self.verbs.intake.tick)),
            Job("line", 2, self._then_wake(self.verbs.line.tick)),
            Job("ask", 2, self._then_wake(self.verbs.ask.tick)),
            Job("housekeeping", 3600, self.verbs.housekeeping.tick),
            *alive,
        ]

    def _then_wake(self, call: Callable[[], Coroutine[Any, Any, object]]) -> Callable[[], Awaitable[object]]:
        async def ticked() -> None:
            await self._background.shielded(call())
            self._wake()

        return ticked

    async def _callback(self, token: str, body: bytes) -> CallbackVerdict:
        verdict = await self.verbs.settle.callback(token, body)
        if verdict is not CallbackVerdict.UNKNOWN_TOKEN:
            self.pulse.note(processes.Taken.CALLBACK)
        self._wake()
        return verdict

    async def _ready(self) -> bool:
        return await self.database.read(lambda unit: schools.is_there(unit, self.school.id))

    def _begin_update(self, address: str) -> None:
        self.pulse.note(processes.Taken.UPDATE)
        self._background.start(self._take_updates(address))

    async def _take_updates(self, address: str) -> None:
        await self.verbs.intake.work("telegram", address)

    def _wake(self) -> None:
        """There may be something to send: by us, or by whichever process is the sender."""
        self.verbs.deliver.wake()
        self._signals.notify()

    async def _handle(self, incoming: Incoming) -> None:
        await self.verbs.converse.handle(incoming)
        self.pulse.note(processes.Taken.UPDATE)

    async def _membership(self, address: str, update_id: str, blocked: bool) -> None:
        await self.verbs.converse.membership("telegram", address, update_id, blocked)

    async def _poison(self, incoming: Incoming) -> None:
        await self.verbs.converse.apologise(incoming)
        self._wake()

    def _committed(self, taken: Taken) -> None:
        self._wake()
        for payment_id in taken.pushes:
            self._background.start(self.verbs.collect.push(payment_id))
        for payment_id in taken.checks:
            self._background.start(self.verbs.reconcile.check(payment_id))
        if taken.doctor is not None:
            self._background.start(self.verbs.doctor.answer(taken.doctor))
