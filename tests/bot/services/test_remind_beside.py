"""A campaign that two processes on one PostgreSQL work on at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.services.remind import Remind
from storage import outbox, reminders
from storage.database import Database
from storage.unit import Unit
from tests.bot.services.counter import Counter, counter
from tests.storage.pausing import stopped_before, two_processes


@pytest.fixture
async def beside(tmp_path: Path) -> AsyncIterator[tuple[Counter, Database]]:
    """A counter, and another process on the same database."""
    async with two_processes(tmp_path) as (database, other), counter(database) as place:
        yield place, other
        await place.deliver()
        assert await place.broken() == []


async def test_the_last_word_of_a_campaign_is_that_it_is_done(beside: tuple[Counter, Database]) -> None:
    place, other = beside
    await place.database.write(
        lambda unit: reminders.start(
            unit, school_id=place.school.id, intent_id="1", admin_chat_id=place.admin.id, now=place.clock()
        )
    )
    one, two = (Remind(database, place.school, place.clock) for database in (place.database, other))
    assert await one.tick()

    async def sent_and_told() -> bool:
        await other.write(_send)
        return await two.tick()

    def _send(unit: Unit) -> None:
        while claimed := outbox.claim(unit, place.clock(), 60, 50):
            for message in claimed:
                assert outbox.mark_sent(unit, message.id, message.lease, str(message.id), place.clock())

    await other.write(lambda unit: unit.core.execute(text("UPDATE campaigns SET told = ''")) and None)
    await stopped_before(place.database, "UPDATE campaigns", one.tick(), sent_and_told())
    await two.tick()
    assert await place.database.read(lambda unit: _last_line(unit, place.admin.id)) == ["remind.done"]


def _last_line(unit: Unit, chat_id: int) -> list[str]:
    message = unit.session.get(
        outbox.OutboxMessage,
        unit.core.execute(
            text("SELECT max(id) FROM outbox_messages WHERE chat_id = :chat"), {"chat": chat_id}
        ).scalar_one(),
    )
    assert message is not None
    return [key for key, _ in outbox.body_of(unit, message)["screen"]["lines"]]
