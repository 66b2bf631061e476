"""Karo between its two neighbours: our M-PESA, our Telegram, a real database, a clock that moves when it is told to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from bot.playground.botapi import BotApi, BotApiServer
from bot.playground.person import Person, ShownMessage
from bot.services import staffing
from bot.services.imports import import_students
from bot.wiring import Karo, open_for, the_school
from daraja.simulator import Simulator, SimulatorConfig, SimulatorServer
from storage import checks, ledger, payments, people
from storage.database import Database
from storage.payments import Payment
from storage.unit import Unit
from tests.journeys.premises import school_settings

STUDENTS = """\
admission_number,student_name,class_name,guardian_name,guardian_phone,guardian2_name,guardian2_phone,opening_balance
ADM/1042/24,Amina Wanjiru,Grade 6 East,Grace Wanjiru,0700 000 101,Joseph Wanjiru,0700 000 102,18500
ADM/1043/24,Daudi Wanjiru,Grade 3 West,Grace Wanjiru,0700 000 101,,,12000
ADM/0977/22,Baraka Otieno,Grade 8 East,Peter Otieno,0700 000 103,,,24750
ADM/0500/20,Zawadi Mrefu,Grade 9 East,Rich Mrefu,0700 000 104,,,600000
"""
START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
OFTEN_S = 2


class Clock:
    """Aware UTC; moves only by `advance`."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass
class Town:
    """One school, its Karo, and everybody around it."""

    karo: Karo
    database: Database
    api: BotApi
    mpesa: Simulator
    clock: Clock
    web: httpx.AsyncClient
    _due: dict[str, datetime] = field(default_factory=dict)

    async def tick(self, seconds: float = 0) -> None:
        """Let time pass, then let every timed job run once: those that come seldom only when they are due."""
        self.clock.advance(seconds)
        for job in self.karo.jobs():
            if job.every_s <= OFTEN_S or self.clock() >= self._due.get(job.name, START):
                self._due[job.name] = self.clock() + timedelta(seconds=job.every_s)
                await job.call()

    async def pass_time(self, seconds: int, step: int = 10) -> None:
        """Let time pass in steps, with the jobs after each."""
        for passed in range(0, seconds, step):
            await self.tick(min(step, seconds - passed))

    async def pass_until(self, condition: Callable[[], bool], seconds: int = 60) -> None:
        """Let time pass, second by second, until something is true of the phones. Raises TimeoutError."""
        for _ in range(seconds):
            await self.tick(1)
            with contextlib.suppress(TimeoutError):
                await self.api.until(condition, 0.3)
                return
        raise TimeoutError(f"not within {seconds} seconds of the town's clock")

    async def told_in_time(self, person: Person, text: str) -> ShownMessage:
        """What may come a little later, since nobody waits for it: a chat is spared a second message in a second."""
        await self.pass_until(lambda: any(text in message.text for message in person.messages))
        return await person.wait_for(text)

    async def parent(self, user_id: int = 101, phone: str = "254700000101", language: str = "en") -> Person:
        """A parent who has met the bot, is linked, and stands at the menu."""
        person = self.api.person(user_id, f"Parent {user_id}", phone)
        person.say("/start")
        await person.next_message()
        for key in (language, "agree"):
            await self.tap(person, key)
        person.share_contact()
        await person.next_message()
        await person.next_message()
        return person

    async def staff(self, user_id: int = 900, role: str = "admin") -> Person:
        """A member of staff who has used the one-time link."""
        code = await self.database.write(
            lambda unit: staffing.invite(unit, self.karo.school.id, f"Staff {user_id}", role, self.clock())
        )
        person = self.api.person(user_id, f"Staff {user_id}", "254700000900")
        person.say(f"/start {code}")
        await person.next_message()
        await self.tap(person, "en")
        return person

    async def tap(self, person: Person, key: str) -> ShownMessage:
        """Tap, and read the answer."""
        person.tap(key)
        return await person.next_message()

    async def say(self, person: Person, text: str) -> ShownMessage:
        """Write, and read the answer."""
        person.say(text)
        return await person.next_message()

    async def to_confirmation(
        self, person: Person, amount: str = "1500", child: str = "child:1"
    ) -> ShownMessage:
        """From anywhere to the confirmation screen, paying from the person's own phone."""
        await self.say(person, "/pay")
        if any(button.key.endswith(child) for button in person.messages[-1].buttons):
            await self.tap(person, child)
        await self.say(person, amount)
        return await self.tap(person, "own")

    async def pay(self, person: Person, amount: str = "1500", child: str = "child:1") -> Payment:
        """Up to and with the tap on Pay; returns once M-PESA has seen the push."""
        await self.to_confirmation(person, amount, child)
        pushes = len(self.mpesa.pushes)
        await self.tap(person, "confirm")
        await self.mpesa.wait_for_pushes(pushes + 1)
        return (await self.payments())[-1]

    async def payments(self) -> list[Payment]:
        """All payments, oldest first, as they are now."""

        def all_of(unit: Unit) -> list[Payment]:
            found: list[Payment] = []
            while (payment := payments.get(unit, len(found) + 1)) is not None:
                found.append(payment)
            return found

        return await self.database.read(all_of)

    async def status(self, payment_id: int = 1) -> str:
        """Where a payment stands."""
        return (await self.payments())[payment_id - 1].status.value

    async def balance(self, admission: str = "ADM/1042/24") -> int:
        """What is owed for a child, in shillings."""

        def look(unit: Unit) -> int:
            student = people.find_student(unit, self.karo.school.id, admission)
            assert student is not None
            return ledger.balance_cents(unit, student.id) // 100

        return await self.database.read(look)

    async def sql(self, statement: str, **values: object) -> None:
        """Something goes wrong in the database itself; values: what `:name` stands for in the statement."""
        await self.database.write(lambda unit: unit.core.execute(text(statement), values) and None)

    async def broken(self) -> list[str]:
        """What `karo check` finds."""
        return await self.database.read(lambda unit: checks.run(unit, self.karo.school.id, self.clock()))


@contextlib.asynccontextmanager
async def town(
    folder: Path, database_url: str, *, config: SimulatorConfig | None = None, **how: Any
) -> AsyncIterator[Town]:
    """A running Karo without its scheduler: the test lets time pass. Ends with `karo check`, which must be clean.

    database_url: an empty one at the newest schema, under MASTER_KEY. how: as `school_settings` takes it.
    """
    clock = Clock()
    api = BotApi(clock=clock)
    config = config or SimulatorConfig(prompt_s=0, callback_delay_s=0, late_s=0.01, seed=7)
    async with BotApiServer(api) as telegram, SimulatorServer(config, clock=clock) as mpesa:
        settings = school_settings(folder, telegram, mpesa, config, database_url, **how)
        database = open_for(settings, exclusive=True)
        school = await the_school(database, settings)
        imported = await import_students(
            database, school.id, STUDENTS.encode(), file_name="students.csv", dry_run=False, now=clock()
        )
        assert not imported.problems
        karo = Karo(settings, database, school, clock=clock)
        stop, started = asyncio.Event(), asyncio.Event()

        async def ready() -> None:
            started.set()

        running = asyncio.create_task(karo.run(stop, started=ready, ticking=False))
        waiting = asyncio.create_task(started.wait())
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if running.done():
            running.result()
        try:
            async with httpx.AsyncClient(base_url=karo.web_url, transport=httpx.AsyncHTTPTransport()) as web:
                stage = Town(karo, database, api, mpesa.simulator, clock, web)
                yield stage
                assert await stage.broken() == []
        finally:
            stop.set()
            await running


__all__ = ["START", "STUDENTS", "Clock", "Town", "town"]
