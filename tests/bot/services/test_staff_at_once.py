"""What staff are told while two processes on one PostgreSQL work: nothing is told twice, backwards or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.dialogue.events import Tapped, Typed
from bot.services.announce import Announcer
from bot.services.incoming import Incoming
from bot.services.remind import Remind
from bot.services.settle import Settle
from storage import attention, outbox, payments, reminders
from storage.database import Database
from storage.unit import Unit
from tests.bot.services.chatting import GRACE
from tests.bot.services.counter import Counter, counter
from tests.bot.services.safaricom import callback_body
from tests.storage.pausing import stopped_before, two_processes, waiting

CODE = "UKB7RT61SV"


@pytest.fixture
async def beside(tmp_path: Path) -> AsyncIterator[tuple[Counter, Database]]:
    """A counter, and another process on the same database."""
    async with two_processes(tmp_path) as (database, other), counter(database) as place:
        yield place, other
        await place.deliver()
        assert await place.broken() == []


async def test_a_reason_raised_while_it_is_dealt_with_stays(beside: tuple[Counter, Database]) -> None:
    place, other = beside
    payment_id = await place.prompted()
    now = place.clock()
    await place.database.write(lambda unit: payments.flag(unit, payment_id, "amount_differs", now))

    def done(unit: Unit) -> bool:
        ref = f"payment:{payment_id}.amount_differs"
        return attention.done(unit, place.school.id, ref, note="seen", by="chat:1", now=now)

    ended, raised = await stopped_before(
        place.database,
        "INSERT INTO audit_records",
        place.database.write(done),
        other.write(lambda unit: payments.flag(unit, payment_id, "amount_differs", now)),
    )
    assert ended
    assert raised
    assert list(await place.concerns(payment_id)) == ["amount_differs"]


async def test_a_code_sent_in_while_its_report_comes_is_no_work_for_anybody(
    beside: tuple[Counter, Database],
) -> None:
    place, other = beside
    payment_id = await place.prompted()
    sent = place.mpesa.last()
    place.clock.advance(301)
    await place.reconcile.tick()
    await place.converse.handle(Incoming("telegram", GRACE, "1", Tapped(f"code:{payment_id}", None)))
    settle = Settle(other, place.school, place.clock, Announcer(place.school, place.clock))
    claimed, _ = await stopped_before(
        place.database,
        "UPDATE dialogue_sessions",
        place.converse.handle(Incoming("telegram", GRACE, "2", Typed(CODE))),
        settle.callback(sent.token, callback_body(sent.checkout, number=CODE, amount=1500.0)),
        until=waiting,
    )
    assert claimed is None
    assert await place.status(payment_id) == "paid"
    waits = await place.database.read(lambda unit: attention.listing(unit, place.school.id))
    assert [row.what for row in waits] == []


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
        for message in outbox.claim(unit, place.clock(), 60, 50):
            assert outbox.mark_sent(unit, message.id, message.lease, str(message.id), place.clock())

    await other.write(lambda unit: unit.core.execute(text("UPDATE campaigns SET told = ''")) and None)
    await stopped_before(place.database, "UPDATE campaigns", one.tick(), sent_and_told())
    await two.tick()
    lines = [key for told in await place.deliver() if told.chat_id == place.admin.id for key, _ in told.lines]
    last = lines or await place.database.read(lambda unit: _last_line(unit, place.admin.id))
    assert last[-1] == "remind.done"


def _last_line(unit: Unit, chat_id: int) -> list[str]:
    message = unit.session.get(
        outbox.OutboxMessage,
        unit.core.execute(
            text("SELECT max(id) FROM outbox_messages WHERE chat_id = :chat"), {"chat": chat_id}
        ).scalar_one(),
    )
    assert message is not None
    return [key for key, _ in outbox.body_of(unit, message)["screen"]["lines"]]
