"""What an operator is shown costs as little after years as on the first day: the plans on both engines say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Table, event

from storage import figures
from storage.arrivals import ARRIVALS
from storage.claims import CLAIMS
from storage.database import Database, Unit
from storage.inbox import ITEMS
from storage.outbox_rows import MESSAGES
from storage.payment_rows import PAYMENTS
from storage.receipt_rows import RECEIPTS
from storage.updates import SEEN
from tests.builders import NOON, Family, a_guardian_with_children, a_school, a_sent_payment

YEARS_AGO = NOON - timedelta(days=800)
MANY = 3_000
AT_MOST = 1_100  # a thousand of them: the newest bodies

#: These hold only what waits now, so that a walk over the whole of one is a walk over what is counted.
OF_WHAT_WAITS = {
    "ix_payments_due_push", "ix_payments_due_check", "ix_outbox_messages_due", "ix_outbox_messages_lease",
    "ix_outbox_messages_chat_waits", "ix_outbox_messages_chat_leased", "ix_arrivals_waiting", "ix_chats_blocked",
    "uq_held_back_waiting",
}  # fmt: skip
SMALL_TABLES = {
    "processes", "leases", "access_tokens", "schema_floor", "alembic_version", "campaigns", "mpesa_lines",
}  # fmt: skip


def a_history(unit: Unit) -> None:
    """MANY payments, messages, receipts, bodies and updates of years ago, and one of each of now."""
    school_id = a_school(unit, now=YEARS_AGO)
    family = a_guardian_with_children(unit, school_id, now=YEARS_AGO)
    ours = {"school_id": school_id}
    then = {"created_at": YEARS_AGO}
    old: dict[Table, dict[str, Any]] = {
        PAYMENTS: ours | then | _a_payment(family),
        MESSAGES: ours | then | _a_message(family),
        RECEIPTS: ours | then | {"amount_cents": 100, "amount_told": True, "student_id": family.child.id,
                                 "paid_at": YEARS_AGO, "time_told": True, "source": "callback", "payer_masked": ""},
        ITEMS: ours | {"channel": "stk", "body_enc": b"", "copies": 1, "state": "applied", "note": "",
                       "received_at": YEARS_AGO, "last_at": YEARS_AGO},
        CLAIMS: ours | then | {"chat_id": family.chat.id},
        ARRIVALS: ours | {"channel": "telegram", "address": "1", "body_enc": b"", "state": "done", "tries": 1,
                          "next_at": YEARS_AGO, "received_at": YEARS_AGO},
        SEEN: ours | {"channel": "telegram", "seen_at": YEARS_AGO},
    }  # fmt: skip
    unique = {PAYMENTS: "intent_id", MESSAGES: "dedupe_key", RECEIPTS: "number", ITEMS: "digest",
              CLAIMS: "code", ARRIVALS: "update_id", SEEN: "update_id"}  # fmt: skip
    for table, row in old.items():
        rows = [{**row, unique[table]: f"old {number}"} for number in range(MANY)]
        unit.core.execute(table.insert(), rows)
    a_sent_payment(unit, family)
    if unit.shared:
        unit.core.exec_driver_sql("ANALYZE")  # as autovacuum does


def _a_payment(family: Family) -> dict[str, Any]:
    moments = dict.fromkeys(("push_at", "pushed_at", "settled_at", "updated_at"), YEARS_AGO)
    words = dict.fromkeys(("phone_hash", "account_reference", "shortcode", "party_b", "transaction_type"), "")
    ids = {"chat_id": family.chat.id, "student_id": family.child.id}
    counts = {"checks": 1, "undecided": 0, "amount_cents": 100, "reached_mpesa": True}
    return {**moments, **words, **ids, **counts, "phone_enc": b"", "status": "paid", "cause": "paid"}


def _a_message(family: Family) -> dict[str, Any]:
    counts = {"priority": 1, "lease": 1, "attempts": 0}
    words = {"kind": "receipt", "state": "sent", "reason": ""}
    moments = {"send_at": YEARS_AGO, "sent_at": YEARS_AGO}
    return {**counts, **words, **moments, "chat_id": family.chat.id, "body_enc": b""}


@contextmanager
def overheard(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are read meanwhile, with their parameters."""
    heard: list[tuple[str, Any]] = []

    def listen(_c: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        if statement.startswith("SELECT"):
            heard.append((statement, parameters))

    event.listen(database.read_engine, "before_cursor_execute", listen)
    yield heard
    event.remove(database.read_engine, "before_cursor_execute", listen)


def _walks_on_sqlite(connection: Connection, statement: str, parameters: Any) -> list[str]:
    """What SQLite would walk over as a whole, or would look up by no more than the school."""
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    found = []
    for row in plan:
        words = set(row.detail.replace("(", " ").split())
        by_school_alone = "sqlite_autoindex" in row.detail and row.detail.endswith("(school_id=?)")
        if ("SCAN" in words or by_school_alone) and not words & (OF_WHAT_WAITS | SMALL_TABLES):
            found.append(row.detail)
    return found


def _walks_on_postgres(connection: Connection, statement: str, parameters: Any) -> list[str]:
    """The parts of the plan that really touched more rows than what is counted now."""
    explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
    return [str(node) for node in _nodes(explained.scalar_one()[0]["Plan"]) if _touched(node) > AT_MOST]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)


def _touched(node: dict[str, Any]) -> float:
    dropped: float = node.get("Rows Removed by Filter", 0)
    return float((node["Actual Rows"] + dropped) * node["Actual Loops"])


async def test_no_read_walks_through_the_history(database: Database) -> None:
    await database.write(a_history)
    with overheard(database) as heard:
        await database.read(lambda unit: figures.read(unit, 1, lambda: NOON, lambda: NOON))
    walks = _walks_on_postgres if database.shared else _walks_on_sqlite

    def all_walks(unit: Unit) -> Sequence[str]:
        return [walk for statement, parameters in heard for walk in walks(unit.core, statement, parameters)]

    assert len(heard) > 20
    assert await database.read(all_walks) == []


async def test_a_walk_would_be_seen(database: Database) -> None:
    await database.write(a_history)
    walks = _walks_on_postgres if database.shared else _walks_on_sqlite
    statement = "SELECT count(*) FROM payments WHERE status = 'paid'"
    assert await database.read(lambda unit: walks(unit.core, statement, ())) != []
