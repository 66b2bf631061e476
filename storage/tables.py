"""Every table, imported once: what the migrations are compared with."""

from __future__ import annotations

from sqlalchemy import MetaData

from storage import (
    audit,
    campaign_rows,
    chats,
    claims,
    imports,
    inbox,
    jobs,
    ledger,
    outbox_rows,
    payment_concerns,
    payment_events,
    payment_rows,
    people,
    receipt_rows,
    schools,
    sessions,
    staff,
    students,
    updates,
)
from storage.schema import METADATA

_HOMES = (
    audit, campaign_rows, chats, claims, imports, inbox, jobs, ledger, outbox_rows,
    payment_concerns, payment_events, payment_rows, people, receipt_rows, schools, sessions, staff, students, updates,
)  # fmt: skip


def metadata() -> MetaData:
    """The metadata with every table in it."""
    return METADATA
