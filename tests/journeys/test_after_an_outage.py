"""After days without power, and with a row that nobody can read: M-PESA is asked first, and the others go on."""

from __future__ import annotations

from daraja.simulator import Scenario
from tests.journeys.town import Town

SPOILT = """
INSERT INTO outbox_messages
  (school_id, chat_id, kind, priority, body_enc, dedupe_key, state, send_at, lease, attempts, reason, created_at)
SELECT school_id, chat_id, kind, priority, :body, 'spoilt', 'waiting', send_at, 0, 0, '', created_at
FROM outbox_messages ORDER BY id LIMIT 1
"""


async def test_one_question_that_fails_after_a_long_outage_is_not_the_last(behind_a_router: Town) -> None:
    place = behind_a_router
    place.mpesa.set_next(Scenario.SILENT)
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("Type your PIN only")
    await place.mpesa.wait_for_movements(1)
    place.mpesa.fail_next("query", "html_403")

    await place.tick(64 * 3600)
    assert await place.status() == "requested"
    await place.pass_time(3600, 600)

    await parent.wait_for("Paid")


async def test_a_failure_after_a_day_without_power_is_asked_twice_before_it_is_believed(
    behind_a_router: Town,
) -> None:
    place = behind_a_router
    place.mpesa.set_next(Scenario.CANCELLED)
    parent = await place.parent()
    await place.pay(parent)
    await parent.wait_for("Type your PIN only")
    await place.mpesa.settle_all()

    await place.tick(25 * 3600)
    await place.pass_time(60, 5)

    await parent.wait_for("Not paid")
    assert await place.status() == "cancelled"


async def test_a_message_that_cannot_be_read_keeps_nobody_from_theirs(place: Town) -> None:
    await place.parent()
    peter = await place.parent(103, "254700000103")
    await place.sql(SPOILT, body=b"\x01\x02")

    answer = await place.say(peter, "/help")

    assert "How to pay" in answer.text
    await place.sql("DELETE FROM outbox_messages WHERE dedupe_key = 'spoilt'")
