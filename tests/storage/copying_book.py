"""A book with rows in every table, and all that a database holds as plain values, to compare two with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from storage import (
    arrivals,
    claims,
    held_back,
    imports,
    inbox,
    jobs,
    ledger,
    lines,
    outbox,
    payments,
    questions,
    receipts,
    reminders,
    sessions,
    updates,
)
from storage.audit import record as audit
from storage.copying import held
from storage.database import Database
from storage.imports import Staged, StagedKind
from storage.opening import open_database
from storage.payment_state import PaymentStatus
from storage.tables import metadata
from storage.unit import Unit
from tests.builders import (
    NOON,
    a_chat,
    a_guardian_with_children,
    a_payment_in,
    a_school,
    a_sent_payment,
    a_staff_member,
    announce,
)
from tests.databases import MASTER_KEY

#: What belongs to processes or to one database alone.
LEFT_OUT = {"access_tokens", "copied_tables", "data_keys", "leases", "moves", "processes", "schema_floor"}
KEYS = [MASTER_KEY]
Content = dict[str, list[tuple[Any, ...]]]


@contextmanager
def opened(url: str, keys: Sequence[str] = KEYS, *, exclusive: bool = False) -> Iterator[Database]:
    """The database at that URL."""
    database = open_database(url, keys, exclusive=exclusive)
    try:
        yield database
    finally:
        database.close()


def sqlite_url(file: Path) -> str:
    return f"sqlite:///{file}"


def content(url: str) -> Content:
    """Every row of every table that is carried, in an order that is the same on both engines."""
    with opened(url) as database, held(database, writing=False) as unit:
        return {
            table.name: sorted(map(tuple, unit.core.execute(select(table))), key=repr)
            for table in metadata().sorted_tables
            if table.name not in LEFT_OUT
        }


def fill_every_table(unit: Unit, families: int = 3) -> None:
    """A sound book: everybody, every status of a payment, everything that comes in and goes out."""
    school_id = a_school(unit)
    admin, admin_chat = a_staff_member(unit, school_id, role="admin")
    for number in range(families):
        family = a_guardian_with_children(
            unit, school_id, name=f"Mama {number} 🙂", children=("Aïsha", "王芳")
        )
        sessions.save(unit, family.chat, {"screen": "menu", "number": number}, NOON)
        updates.see_update(unit, school_id, "telegram", str(7_000_000_000 + number), NOON)
        arrivals.keep(unit, school_id, "telegram", f"{number}", family.chat.address, b"{}", NOON)
        inbox.keep(
            unit, school_id=school_id, channel="stk", body=b"\x00\xff" * number, payment_id=None, now=NOON
        )
        _a_paid_payment(unit, school_id, number)
    for status in set(PaymentStatus) - {PaymentStatus.PAID, PaymentStatus.REVERSED, PaymentStatus.EXPIRED}:
        a_payment_in(unit, a_guardian_with_children(unit, school_id, owes_cents=-300_00), status)
    waits = a_sent_payment(unit, a_guardian_with_children(unit, school_id))
    payments.flag(unit, waits.id, "unknown_code", NOON)
    claims.add_claim(
        unit, school_id=school_id, chat_id=waits.chat_id, code="UKB7RT61SV", payment_id=waits.id, now=NOON
    )
    questions.add(unit, school_id, waits.id, "UKB7RT61SV", new_token=lambda: "ab" * 16, now=NOON)
    reminders.start(unit, school_id=school_id, intent_id="1:1", admin_chat_id=admin_chat.id, now=NOON)
    imports.begin(unit, school_id=school_id, batch_id="ab" * 16, now=NOON)
    staged = [
        Staged(StagedKind.NEW_CHILD, f"A/{number}", "Zawadi", "PP1", f"A{number}") for number in range(5)
    ]
    imports.stage(unit, school_id=school_id, batch_id="ab" * 16, changes=staged)
    lines.go_down(unit, school_id, "firewall", sent_at=NOON, now=NOON, by_push_at=NOON)
    held_back.add(
        unit, a_payment_in(unit, a_guardian_with_children(unit, school_id), PaymentStatus.CANCELLED), 1, NOON
    )
    jobs.claim_period(unit, school_id, "housekeeping", "2026-11-22", NOON)
    audit(
        unit, school_id=school_id, actor="command line", action="test", subject=f"staff:{admin.id}", now=NOON
    )


def _a_paid_payment(unit: Unit, school_id: int, number: int) -> None:
    payment = a_sent_payment(unit, a_guardian_with_children(unit, school_id))
    for source in ("callback", "query"):
        receipts.record(
            unit,
            payment=payment,
            number=f"TK22ABCD{number:02}" if source == "callback" else None,
            amount_cents=1_500_00,
            paid_at=NOON,
            source=source,
            payer=None,
            now=NOON,
        )
    payments.move(unit, payment.id, PaymentStatus.PAID, now=NOON, announce=announce)


def something_new(unit: Unit) -> list[int]:
    """The ids of new rows, in tables whose ids the database gives."""
    school_id = a_school(unit)
    family = a_guardian_with_children(unit, school_id)
    payment = a_sent_payment(unit, family)
    chat = a_chat(unit, school_id)
    message = outbox.add(
        unit, school_id=school_id, chat_id=chat.id, kind="reply", body={}, dedupe_key=None, now=NOON
    )
    assert message is not None
    assert ledger.balance_cents(unit, family.child.id) == 15_000_00
    return [family.guardian.id, family.child.id, payment.id, chat.id, message.id]
