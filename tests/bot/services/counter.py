"""The school's counter: the verbs that move money over a real file, with M-PESA on the other end of the wire."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.services.announce import Announcer
from bot.services.collect import Collect
from bot.services.converse import Converse, Taken
from bot.services.reconcile import Reconcile
from bot.services.school import School
from bot.services.settle import Settle
from bot.texts import say
from daraja import Credentials, DarajaClient
from storage import checks, outbox, payments
from storage.database import Database
from storage.opening import open_database
from storage.payments import Payment
from storage.people import Chat
from storage.tables import metadata
from storage.unit import Unit
from tests.bot.services.safaricom import QueryAnswer, Safaricom
from tests.builders import (
    NOON,
    Family,
    a_guardian_with_children,
    a_payment,
    a_school,
    a_staff_member,
)
from tests.databases import MASTER_KEY, fresh_sqlite

HOUR = 3600
SANDBOX = Credentials("key", "secret", "174379", "a-passkey-that-is-only-for-tests")


class Clock:
    """Aware UTC; moves only by `advance`."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Told:
    """One message as it left: to whom, the session's version, its texts in English, its lines and buttons."""

    chat_id: int
    version: int
    text: str
    lines: tuple[tuple[str, dict[str, Any]], ...]
    keys: tuple[str, ...]


@dataclass
class Counter:
    """Two families (Grace with Amina and Daudi, Peter with Baraka), an admin, and everything that serves them."""

    database: Database
    school: School
    clock: Clock
    mpesa: Safaricom
    settle: Settle
    collect: Collect
    reconcile: Reconcile
    converse: Converse
    taken: list[Taken]
    grace: Family
    peter: Family
    admin: Chat
    told: list[Told] = field(default_factory=list)

    async def queued(self, amount_kes: int = 1500, family: Family | None = None, **more: Any) -> int:
        """A payment whose prompt has not left; its id."""
        family = family or self.grace

        def make(unit: Unit) -> int:
            return a_payment(unit, family, amount_cents=amount_kes * 100, now=self.clock(), **more).id

        return await self.database.write(make)

    async def prompted(self, amount_kes: int = 1500, **more: Any) -> int:
        """A payment whose push M-PESA has answered, as it was told to; its id."""
        payment_id = await self.queued(amount_kes, **more)
        await self.collect.push(payment_id)
        return payment_id

    async def tick(self, seconds: float = 0) -> None:
        """Let time pass, and let the timed jobs run once."""
        self.clock.advance(seconds)
        await self.collect.tick()
        await self.reconcile.tick()

    async def payment(self, payment_id: int) -> Payment:
        """As it is on disk."""
        found = await self.database.read(lambda unit: payments.get(unit, payment_id))
        assert found is not None
        return found

    async def status(self, payment_id: int) -> str:
        """Where it stands."""
        return (await self.payment(payment_id)).status.value

    async def concerns(self, payment_id: int) -> dict[str, datetime]:
        """For which reasons a person is needed, and since when."""
        return await self.database.read(lambda unit: payments.concerns_of(unit, payment_id))

    async def deliver(self) -> list[Told]:
        """Send whatever is queued; what was sent just now, oldest first in each chat."""
        sent = await self.database.write(self._deliver)
        self.told += sent
        return sent

    async def heard(self, chat: Chat) -> str:
        """Everything this chat was told since the last time, as one text."""
        return "\n".join(told.text for told in await self.deliver() if told.chat_id == chat.id)

    async def broken(self) -> list[str]:
        """What `karo check` finds."""
        return await self.database.read(lambda unit: checks.run(unit, self.school.id, self.clock()))

    def _deliver(self, unit: Unit) -> list[Told]:
        sent: list[Told] = []
        while claimed := outbox.claim(unit, self.clock(), 60, 50):
            for message in claimed:
                assert outbox.mark_sent(unit, message.id, message.lease, str(message.id), self.clock())
                sent.append(_told(message))
        return sent


def _told(message: outbox.ClaimedMessage) -> Told:
    screen: Any = message.body["screen"]
    lines = tuple((key, dict(values)) for key, values in screen["lines"])
    text = "\n".join(say(key, "en", **values) for key, values in lines)
    return Told(
        message.chat_id, message.body["version"], text, lines, tuple(key for key, _, _ in screen["choices"])
    )


def _people(unit: Unit) -> tuple[int, Family, Family, Chat]:
    school_id = a_school(unit)
    grace = a_guardian_with_children(
        unit, school_id, name="Grace", phone="254700000101", address="101", children=("Amina", "Daudi")
    )
    peter = a_guardian_with_children(
        unit, school_id, name="Peter", phone="254700000103", address="103", children=("Baraka",)
    )
    _, admin = a_staff_member(unit, school_id, role="admin")
    return school_id, grace, peter, admin


@contextlib.asynccontextmanager
async def counter(
    database: Database, *, public_url: str = "https://fees.example.com"
) -> AsyncIterator[Counter]:
    """An open counter over an empty database; the caller looks at `broken`."""
    clock, mpesa, taken = Clock(), Safaricom(), list[Taken]()
    school_id, grace, peter, admin = await database.write(_people)
    school = School(
        id=school_id,
        name="Uhuru Academy",
        contact="020 123 456",
        shortcode="174379",
        party_b="174379",
        transaction_type="CustomerPayBillOnline",
        sandbox=True,
        public_url=public_url,
    )
    tokens = (f"{number:032x}" for number in itertools.count(0xFEE5))
    announce = Announcer(school, clock)
    settle = Settle(database, school, clock, announce)
    async with DarajaClient(SANDBOX, transport=mpesa, clock=clock) as daraja:
        collect = Collect(database, daraja, school, clock, announce, settle, new_token=lambda: next(tokens))
        yield Counter(
            database=database,
            school=school,
            clock=clock,
            mpesa=mpesa,
            settle=settle,
            collect=collect,
            reconcile=Reconcile(database, daraja, clock, announce, settle),
            converse=Converse(database, school, clock, committed=taken.append),
            taken=taken,
            grace=grace,
            peter=peter,
            admin=admin,
        )


def open_file(folder: Path) -> Database:
    """A fresh file, open; the caller closes it."""
    return open_database(fresh_sqlite(folder), [MASTER_KEY])


def empty(unit: Unit) -> None:
    """As if the file were fresh, for tests that need many: the tables are emptied, the children first."""
    for table in reversed(metadata().sorted_tables):
        if table.name != "data_keys":
            unit.core.execute(table.delete())


async def killed_while_pushing(place: Counter, payment_id: int) -> None:
    """Our process ends after the push has left and before it is answered."""
    place.mpesa.reached.clear()
    pushing = asyncio.create_task(place.collect.push(payment_id))
    reached = asyncio.create_task(place.mpesa.reached.wait())
    await asyncio.wait({pushing, reached}, return_when=asyncio.FIRST_COMPLETED)
    pushing.cancel()
    reached.cancel()
    await asyncio.gather(pushing, reached, return_exceptions=True)


async def asked_at(place: Counter, seconds: Iterable[int]) -> list[int]:
    """At which of these moments (seconds after now, growing) M-PESA was asked."""
    asked, passed = [], 0
    for moment in seconds:
        before = len(place.mpesa.queries)
        await place.tick(moment - passed)
        passed = moment
        asked += [moment] * (len(place.mpesa.queries) - before)
    return asked


def answer(place: Counter, how: QueryAnswer) -> None:
    """From now on M-PESA answers so about the newest push."""
    place.mpesa.query_answers[place.mpesa.last().checkout] = how
