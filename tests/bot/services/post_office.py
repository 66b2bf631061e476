"""The sender between a real outbox and a channel that misbehaves to order, on a clock that only it moves."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.dialogue.screen import Screen, say, to_plain
from bot.playground.signals import Signal
from bot.services.deliver import Deliver
from bot.services.messages import DeliveryError, Messenger, OutgoingMessage, TryLater
from bot.services.school import School
from storage import outbox
from storage.database import Database
from storage.opening import open_database
from storage.outbox import OutboxMessage
from storage.unit import Unit
from tests.builders import NOON, a_chat, a_school
from tests.databases import MASTER_KEY, fresh_sqlite


class Time:
    """Moves when the sender sleeps, and by `advance`."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def clock(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def advance(self, seconds: float) -> None:
        self.seconds = math.ceil(round((self.seconds + seconds) * 1e6, 3)) / 1e6  # as fine as a timestamp

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)  # whatever was begun before reaches the channel first
        self.advance(seconds)


@dataclass(frozen=True)
class Try:
    """One call of the channel. at: seconds of the test's clock; edited: the message it was to replace."""

    at: float
    address: str
    text: str
    edited: str | None = None


@dataclass
class Postman:
    """Implements Messenger. What arrives stands in `phones`, every attempt in `tries`."""

    time: Time
    tries: list[Try] = field(default_factory=list)
    phones: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    gate: asyncio.Event = field(default_factory=asyncio.Event)  # cleared: arrives, but no answer comes
    at_door: Callable[[Try], None] = lambda _: None
    _fates: dict[str, deque[DeliveryError]] = field(default_factory=lambda: defaultdict(deque))
    _signal: Signal = field(default_factory=Signal)

    def __post_init__(self) -> None:
        self.gate.set()

    def refuse(self, text: str, *errors: DeliveryError) -> None:
        """What becomes of the next tries of this message."""
        self._fates[text].extend(errors)

    async def send(self, address: str, message: OutgoingMessage) -> str:
        await self._carry(Try(self.time.seconds, address, message.screen.lines[0].key))
        return f"{address}/{len(self.phones[address])}"

    async def edit(self, address: str, message_id: str, message: OutgoingMessage) -> None:
        await self._carry(Try(self.time.seconds, address, message.screen.lines[0].key, message_id))

    async def _carry(self, one: Try) -> None:
        self.tries.append(one)
        fates = self._fates[one.text]
        error = fates.popleft() if fates else None
        if error is None or (isinstance(error, TryLater) and error.maybe_delivered):
            self.phones[one.address].append(one.text)
        self.at_door(one)
        self._signal.ring()
        await self.gate.wait()
        if error is not None:
            raise error

    @property
    def texts(self) -> list[str]:
        """What was tried, in order."""
        return [one.text for one in self.tries]

    async def until_tried(self, count: int) -> None:
        await self._signal.until(lambda: len(self.tries) >= count, 20)


class PostOffice:
    """A school with an outbox, the postman, and as many senders as the test lets live."""

    def __init__(self, database: Database, school_id: int, path: Path) -> None:
        self.database = database
        self.school_id = school_id
        self.path = path
        self.time = Time()
        self.postman = Postman(self.time)
        self.messenger: Messenger = self.postman
        self.deliver = self.new_sender()

    def new_sender(self) -> Deliver:
        school = School(self.school_id, "Uhuru", "020", "174379", "174379", "CustomerPayBillOnline", True, "")
        self.deliver = Deliver(
            self.database,
            self.messenger,
            school,
            self.time.clock,
            monotonic=self.time.monotonic,
            sleep=self.time.sleep,
        )
        return self.deliver

    async def chats(self, count: int, prefix: str = "chat") -> list[int]:
        """Their ids; their addresses are the prefix and 1, 2, ..."""

        def make(unit: Unit) -> list[int]:
            return [a_chat(unit, self.school_id, address=f"{prefix}{n + 1}").id for n in range(count)]

        return await self.database.write(make)

    async def put(self, chat_id: int, text: str, kind: str = "reply", **more: Any) -> int:
        """Queue a message whose only line is `text`; its id."""
        return (await self.put_all([(chat_id, text)], kind, **more))[0]

    async def put_all(self, messages: list[tuple[int, str]], kind: str = "reply", **more: Any) -> list[int]:
        """Queue (chat, text) in one go; their ids."""

        def add(unit: Unit, chat_id: int, text: str) -> int:
            body = {"screen": to_plain(Screen((say(text),))), "version": 1}
            queued = outbox.add(
                unit,
                school_id=self.school_id,
                chat_id=chat_id,
                kind=kind,
                body=body,
                now=self.time.clock(),
                **{"dedupe_key": None, **more},
            )
            assert queued is not None
            return queued.id

        ids = await self.database.write(lambda unit: [add(unit, *each) for each in messages])
        self.deliver.wake()
        return ids

    async def pass_time(self, seconds: float) -> None:
        """Let time pass once what is being written is written, and the sender look again."""
        await self.database.write(lambda _: None)
        self.time.advance(seconds)
        self.deliver.wake()

    async def states(self, *ids: int) -> list[str]:
        """Where these messages stand."""
        return await self.database.read(
            lambda unit: [unit.session.get_one(OutboxMessage, message_id).state for message_id in ids]
        )

    @asynccontextmanager
    async def sending(self, *tries: int) -> AsyncIterator[Postman]:
        """The sender runs inside the block; it is stopped after the block, once so many tries were seen."""
        running = asyncio.create_task(self.deliver.run())
        try:
            yield self.postman
            for count in tries:
                await self.postman.until_tried(count)
        finally:
            self.deliver.stop()
            async with asyncio.timeout(20):
                await running
            self.new_sender()


@asynccontextmanager
async def post_office(folder: Path, url: str | None = None) -> AsyncIterator[PostOffice]:
    """Open for the length of the block. url: an empty database, else a new SQLite file."""
    database = open_database(url or fresh_sqlite(folder), [MASTER_KEY])
    school_id = await database.write(a_school)
    yield PostOffice(database, school_id, folder / "karo.db")
    database.close()
