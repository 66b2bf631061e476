"""Processes that take in Telegram's updates, as many as are wanted on one database, and what became of those."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog
from sqlalchemy import text
from structlog.testing import LogCapture

from bot.channels.telegram import arrived
from bot.services.converse import Converse, Taken
from bot.services.incoming import Arrived
from bot.services.intake import Intake
from bot.services.school import School
from storage import chats
from storage.database import Database
from storage.unit import Unit
from tests.bot.services.counter import Clock
from tests.builders import NOON, a_school

Read = Callable[[bytes], Arrived]


def written(update_id: int, chat: int, words: str = "habari") -> bytes:
    """Somebody wrote a message, as Telegram brings it."""
    person = {"id": chat, "is_bot": False, "first_name": "Amina"}
    message = {
        "message_id": update_id,
        "date": 1_800_000_000,
        "chat": {"id": chat, "type": "private", "first_name": "Amina"},
        "from": person,
        "text": words,
    }
    return json.dumps({"update_id": update_id, "message": message}).encode()


def membership_changed(update_id: int, chat: int, status: str) -> bytes:
    """Somebody blocked the bot ("kicked"), or came back ("member")."""
    bot = {"id": 7, "is_bot": True, "first_name": "Karo"}
    change = {
        "chat": {"id": chat, "type": "private", "first_name": "Amina"},
        "from": {"id": chat, "is_bot": False, "first_name": "Amina"},
        "date": 1_800_000_000,
        "old_chat_member": {"user": bot, "status": "member"},
        "new_chat_member": {"user": bot, "status": status, "until_date": 0},
    }
    return json.dumps({"update_id": update_id, "my_chat_member": change}).encode()


@dataclass
class Process:
    """One process that serves the webhook. committed and stored: what it was told of, in order."""

    database: Database
    school_id: int
    intake: Intake
    committed: list[Taken] = field(default_factory=list)
    stored: list[Arrived] = field(default_factory=list)

    async def takes(self, body: bytes) -> None:
        """Store it, and work on its chat, as the web door and the work beside it do."""
        address = await self.intake.store(body)
        if address is not None:
            await self.intake.work("telegram", address)


def a_process(database: Database, school_id: int, clock: Clock, read: Read = arrived) -> Process:
    """One more process on that database."""
    school = School(
        id=school_id,
        name="Uhuru Academy",
        contact="020 123 456",
        shortcode="174379",
        party_b="174379",
        transaction_type="CustomerPayBillOnline",
        sandbox=True,
    )
    committed: list[Taken] = []
    stored: list[Arrived] = []
    converse = Converse(database, school, clock, committed=committed.append)
    intake = Intake(
        database,
        school,
        clock,
        converse=converse,
        read=read,
        committed=committed.append,
        stored=stored.append,
    )
    return Process(database, school_id, intake, committed, stored)


async def processes(databases: Sequence[Database], clock: Clock) -> list[Process]:
    """One process on each of these databases, which are one and the same behind."""
    school_id = await databases[0].write(a_school)
    return [a_process(database, school_id, clock) for database in databases]


async def all_at_once(crew: Sequence[Process], bodies: Sequence[bytes]) -> None:
    """Every update goes to the next process in turn, and nobody waits for anybody."""
    turns = [crew[number % len(crew)] for number in range(len(bodies))]
    await asyncio.gather(*(process.takes(body) for process, body in zip(turns, bodies, strict=True)))


async def sql(database: Database, *statements: str) -> None:
    """Something happens in the database itself."""
    await database.write(lambda unit: [unit.core.execute(text(each)) for each in statements] and None)


async def poison(process: Process, address: str) -> None:
    """From now on nothing can be saved of the conversation in this chat."""
    chat_id = await process.database.write(
        lambda unit: (
            chats.open_chat(
                unit, school_id=process.school_id, channel="telegram", address=address, now=NOON
            ).id
        )
    )
    when = f"BEFORE INSERT ON dialogue_sessions FOR EACH ROW WHEN (NEW.chat_id = {chat_id})"
    if process.database.shared:
        body = "BEGIN RAISE EXCEPTION 'poison'; END"
        await sql(
            process.database,
            f"CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
            f"CREATE TRIGGER poisoned {when} EXECUTE FUNCTION poison()",
        )
    else:
        await sql(
            process.database, f"CREATE TRIGGER poisoned {when} BEGIN SELECT RAISE(ABORT, 'poison'); END"
        )


async def antidote(process: Process) -> None:
    """It can be saved again."""
    await sql(
        process.database,
        "DROP FUNCTION poison CASCADE" if process.database.shared else "DROP TRIGGER poisoned",
    )


@contextmanager
def heard() -> Iterator[list[str]]:
    """The events of the log, once it is over."""
    capture, before = LogCapture(), structlog.get_config()["processors"]
    structlog.configure(processors=[capture])
    events: list[str] = []
    try:
        yield events
    finally:
        structlog.configure(processors=before)
        events += [entry["event"] for entry in capture.entries]


async def stored_order(database: Database) -> dict[str, list[str]]:
    """Update ids by chat, in the order in which they were stored."""
    return await database.read(
        lambda unit: _by_chat(unit, "SELECT address, update_id FROM arrivals ORDER BY id")
    )


async def taken_order(database: Database) -> dict[str, list[str]]:
    """Update ids by chat, in the order in which they were answered. A step answers once each time it is taken."""
    return await database.read(
        lambda unit: _by_chat(
            unit,
            "SELECT c.address, substr(m.dedupe_key, length('update:telegram:') + 1) FROM outbox_messages m "
            "JOIN chats c ON c.id = m.chat_id WHERE m.dedupe_key LIKE 'update:telegram:%' ORDER BY m.id",
        )
    )


async def states(database: Database) -> dict[str, str]:
    """Where each update stands."""
    found = await database.read(
        lambda unit: unit.core.execute(text("SELECT update_id, state FROM arrivals")).all()
    )
    return {row.update_id: row.state for row in found}


def _by_chat(unit: Unit, query: str) -> dict[str, list[str]]:
    chats: dict[str, list[str]] = {}
    for address, update_id in unit.core.execute(text(query)):
        chats.setdefault(address, []).append(update_id)
    return chats
