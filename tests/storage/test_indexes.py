"""Nothing that runs often reads a whole table: SQLite's own plans say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from storage import (
    attention,
    jobs,
    ledger,
    outbox,
    outbox_claim,
    payments,
    people,
    question_pace,
    questions,
    receipts,
    reminders,
    sessions,
    updates,
)
from storage.database import Database, Unit
from storage.opening import open_database
from storage.payment_state import PaymentStatus
from tests.builders import NOON, PHONE, a_guardian_with_children, a_school, a_sent_payment, announce
from tests.databases import MASTER_KEY, fresh_sqlite

S = PaymentStatus
Work = Callable[[Unit], object]

#: A full walk over these is fine: they hold only what waits now, or what is blocked; the last one is no table.
SMALL = {"ix_outbox_messages_due", "ix_chats_blocked", "CONSTANT"}

OFTEN: dict[str, Work] = {
    "due pushes": lambda unit: payments.due_pushes(unit, NOON),
    "overdue": lambda unit: payments.overdue_queued(unit, NOON),
    "lapsed": lambda unit: payments.lapsed_sending(unit, NOON),
    "due checks": lambda unit: payments.due_checks(unit, NOON),
    "blocks over": lambda unit: payments.blocks_over(unit, NOON),
    "by token": lambda unit: payments.by_token(unit, "t"),
    "by checkout": lambda unit: payments.by_checkout(unit, "c"),
    "of a chat": lambda unit: payments.recent_for_chat(unit, 1),
    "open of a chat": lambda unit: payments.open_for_chat(unit, 1),
    "open of a child": lambda unit: payments.open_for_students(unit, [1]),
    "recent pushes": lambda unit: payments.recent_pushes(unit, [PHONE], NOON),
    "history": lambda unit: payments.events_of(unit, 1),
    "claimed code": lambda unit: payments.claimed_code(unit, 1),
    "codes to ask about": lambda unit: questions.unasked(unit, 1, since=NOON),
    "due questions": lambda unit: questions.due(unit, 1, NOON),
    "question of an address": lambda unit: questions.by_token(unit, "t"),
    "questions of late": lambda unit: question_pace.endings(unit, 1, {"silence"}, 3),
    "questions without an answer": lambda unit: question_pace.awaited(unit, 1, NOON),
    "codes of a payment": lambda unit: question_pace.codes_of(unit, 1),
    "owner of an id": lambda unit: questions.owner_of(unit, 1, "1-2-3", NOON),
    "claim of a code": lambda unit: payments.find_claim(unit, 1, "TK22ABCDE1"),
    "receipt": lambda unit: receipts.find(unit, 1, "TK22ABCDE1"),
    "receipt of a payment": lambda unit: receipts.of_payment(unit, 1),
    "balances": lambda unit: ledger.balances(unit, [1, 2]),
    "opening": lambda unit: (ledger.opening_of(unit, 1), ledger.has_opening(unit, 1, 1)),
    "guardian": lambda unit: people.find_guardian_by_phone(unit, 1, PHONE),
    "child": lambda unit: people.find_student(unit, 1, "1042"),
    "children": lambda unit: people.children_of(unit, 1),
    "guardians": lambda unit: people.guardians_of(unit, 1),
    "staff of a chat": lambda unit: people.staff_of_chat(unit, 1),
    "chat": lambda unit: people.chat_at(unit, 1, "telegram", "1"),
    "session": lambda unit: sessions.load(unit, 1),
    "flagging": lambda unit: payments.flag(unit, 1, "expired", NOON),
    "unflagging": lambda unit: payments.unflag(unit, 1, "expired", NOON),
    "concerns": lambda unit: payments.concerns_of(unit, 1),
    "a person is back": lambda unit: outbox.revive(unit, 1, NOON),
    "attention": lambda unit: attention.listing(unit, 1),
    "campaigns": lambda unit: reminders.running(unit, 1),
    "targets": lambda unit: reminders.take_targets(unit, 1, 5),
    "any message due": lambda unit: outbox_claim.any_due(unit, NOON),
    "claiming messages": lambda unit: outbox_claim.claim(unit, NOON, 60, 6),
    "an update": lambda unit: updates.see_update(unit, 1, "telegram", "1", NOON),
    "old updates": lambda unit: updates.forget_updates(unit, 1, NOON),
    "a period": lambda unit: jobs.claim_period(unit, 1, "j", "p", NOON),
    "a message in a slot": lambda unit: outbox.add(
        unit, school_id=1, chat_id=1, kind="reply", body={}, dedupe_key="k", slot="s", now=NOON
    ),
    "settling": lambda unit: payments.move(unit, 1, S.PAID, now=NOON, announce=announce),
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A SQLite database: plans are its own."""
    opened = open_database(fresh_sqlite(tmp_path), [MASTER_KEY])
    yield opened
    opened.close()


@contextmanager
def overheard(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """The statements that run meanwhile, with their parameters."""
    heard: list[tuple[str, Any]] = []

    def listen(_c: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "INSERT", "WITH")):
            heard.append((statement, parameters))

    event.listen(database.write_engine, "before_cursor_execute", listen)
    yield heard
    event.remove(database.write_engine, "before_cursor_execute", listen)


@pytest.mark.parametrize("work", OFTEN.values(), ids=OFTEN.keys())
async def test_it_reads_no_whole_table(database: Database, work: Work) -> None:
    await database.write(lambda unit: a_sent_payment(unit, a_guardian_with_children(unit, a_school(unit))))
    with overheard(database) as heard:
        await database.write(work)

    def plans(unit: Unit) -> list[str]:
        return [
            row.detail
            for statement, parameters in heard
            for row in unit.core.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]

    scans = [plan for plan in await database.read(plans) if plan.startswith("SCAN")]
    assert [plan for plan in scans if not SMALL & set(plan.split())] == []
    assert heard
