"""A school's day, lived by the previous release alone, on a file that the present one has migrated.

Run by test_previous_release.py in a process of its own: `story.py FILE KEY`, with the release's own packages
first on PYTHONPATH. Everything here is that release's: storage, services, simulators. Prints one line of JSON.
"""

# mypy: ignore-errors
# It is the previous release that these names belong to, not the present one.

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

import storage
from bot import logs
from bot.cli.demo import demo_settings
from bot.playground.botapi import BotApi, BotApiServer
from bot.services import staffing
from bot.services.corrections import correct
from bot.services.imports import import_students
from bot.wiring import Karo, the_school
from daraja.simulator import Scenario, SimulatorConfig, SimulatorServer
from storage import checks, ledger, payments, people
from storage.database import READERS, Database
from storage.schema import table_of
from storage.schools import DataKey
from storage.sqlite import make_engines
from storage.vault import unwrap

STUDENTS = """\
admission_number,student_name,class_name,guardian_name,guardian_phone,opening_balance
ADM/1042/24,Amina Wanjiru,Grade 6 East,Grace Wanjiru,0700 000 101,18500
ADM/1043/24,Daudi Wanjiru,Grade 3 West,Grace Wanjiru,0700 000 101,12000
ADM/0977/22,Baraka Otieno,Grade 8 East,Peter Otieno,0700 000 103,24750
"""
ADMISSIONS = ("ADM/1042/24", "ADM/1043/24", "ADM/0977/22")
CHANGED = STUDENTS.replace("Grade 3 West", "Grade 3 East").replace("Peter Otieno", "Petro Otieno")


class Clock:
    """Aware UTC; moves only by `advance`."""

    now = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)

    def __call__(self):
        """The time."""
        return self.now

    def advance(self, seconds):
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


def opened(file, key):
    """Its storage on that file. Its own door refuses a revision that it does not know, so the parts behind it
    are put together here.
    """
    write_engine, read_engine = make_engines(file, READERS)
    with read_engine.connect() as connection:
        wrapped = connection.execute(select(table_of(DataKey).c.wrapped)).scalar_one()
    vault, _ = unwrap(wrapped, [key])
    return Database(write_engine, read_engine, vault)


class Day:
    """One Karo between its two neighbours."""

    def __init__(self, karo, api, mpesa, clock):
        self.karo, self.api, self.mpesa, self.clock = karo, api, mpesa, clock
        self.database, self.school_id = karo.database, karo.school.id

    async def tick(self, seconds=1):
        """Let time pass, and every timed job run once."""
        self.clock.advance(seconds)
        for job in self.karo.jobs():
            await job.call()

    async def parent(self, user_id, phone):
        """A parent who has met the bot and is linked."""
        person = self.api.person(user_id, f"Parent {user_id}", phone)
        person.say("/start")
        for key in ("en", "agree"):
            await person.press(key)
        await person.next_message()
        person.share_contact()
        await person.wait_for("What would you like")
        return person

    async def pay(self, person, amount, child=None):
        """Up to and with the tap on Pay."""
        person.say("/pay")
        if child:
            await person.press(child)
        await person.wait_for("How much")
        person.say(amount)
        for key in ("own", "confirm"):
            await person.press(key)

    async def bring_in(self, text):
        """A list, whole or not at all."""
        outcome = await import_students(
            self.database, self.school_id, text.encode(), file_name="s.csv", dry_run=False, now=self.clock()
        )
        assert not outcome.problems

    async def admin(self):
        """An admin who has used the one-time link."""
        code = await self.database.write(
            lambda unit: staffing.invite(unit, self.school_id, "Head", "admin", self.clock())
        )
        person = self.api.person(900, "Head", "254700000900")
        person.say(f"/start {code}")
        await person.press("en")
        await person.next_message()
        return person

    async def live(self):
        """Lists, parents, payments paid at once, cancelled and paid late, a code typed in, reminders, a correction."""
        await self.bring_in(STUDENTS)
        grace, peter = await self.parent(101, "254700000101"), await self.parent(103, "254700000103")
        await self.pay(grace, "1500", "child:1")
        paid = await grace.wait_for("New balance")
        self.mpesa.set_next(Scenario.CANCELLED)
        await self.pay(peter, "2000")
        await peter.wait_for("Not paid")
        await self.tick(600)
        self.mpesa.set_next(Scenario.MANUAL)
        await self.pay(peter, "3000")
        await peter.wait_for("Type your PIN only")
        for _ in range(31):
            await self.tick(10)
        await peter.wait_for("M-PESA SMS")
        peter.say("UKB7RT61SV Confirmed.")
        await peter.wait_for("UKB7RT61SV")
        self.mpesa.answer_prompt("254700000103", "pin")
        await peter.wait_for("Paid")
        await self.remind()
        await self.bring_in(CHANGED)
        await self.database.write(self.corrected)
        return paid.text

    async def remind(self):
        """A campaign, from the question to the report."""
        admin = await self.admin()
        admin.say("/remind")
        await admin.press("send")
        for _ in range(60):
            await self.tick()
            if any("3 of 3" in message.text for message in admin.messages):
                return
            await asyncio.sleep(0.05)
        raise AssertionError([message.text for message in admin.messages])

    def corrected(self, unit):
        """An opening balance that was typed wrongly."""
        correct(
            unit,
            school_id=self.school_id,
            admission="ADM/1043/24",
            opening_balance_cents=11_000_00,
            reason="typed wrongly",
            by="command line",
            now=self.clock(),
        )

    def books(self, unit):
        """What is true in the end. Balances in cents."""
        known = (payments.get(unit, number) for number in range(1, 9))
        children = (people.find_student(unit, self.school_id, number) for number in ADMISSIONS)
        return {
            "broken": checks.run(unit, self.school_id, self.clock()),
            "payments": [payment.status.value for payment in known if payment],
            "balances": [ledger.balance_cents(unit, child.id) for child in children],
        }


async def main(file, key):
    """Lives the day and prints what is true after it."""
    clock = Clock()
    api = BotApi(clock=clock)
    config = SimulatorConfig(prompt_s=0, callback_delay_s=0, late_s=0.01, seed=7)
    database = opened(file, key)
    async with BotApiServer(api) as telegram, SimulatorServer(config, clock=clock) as mpesa:
        settings = demo_settings(file.parent, telegram.url, mpesa.url, api.token, config)
        karo = Karo(settings, database, await the_school(database, settings), clock=clock)
        stop, started = asyncio.Event(), asyncio.Event()

        async def ready():
            started.set()

        running = asyncio.create_task(karo.run(stop, started=ready, ticking=False))
        try:
            await asyncio.wait_for(started.wait(), 30)
            day = Day(karo, api, mpesa.simulator, clock)
            told = await day.live()
            books = await database.read(day.books)
        finally:
            stop.set()
            await running
        receipt = mpesa.simulator.books.movements[0].receipt
    home = str(Path(storage.__file__).parents[1])
    print(json.dumps({"home": home, "told": told, "receipt": receipt, "now": str(clock()), **books}))


if __name__ == "__main__":
    logs.configure("ERROR", ())
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
