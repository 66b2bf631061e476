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
    payment_events,
    payment_rows,
    people,
    receipts,
    schools,
    sessions,
    staff,
    students,
    updates,
)
from storage.schema import METADATA

_HOMES = (
    audit, campaign_rows, chats, claims, imports, inbox, jobs, ledger, outbox_rows, payment_rows,
    payment_events, people, receipts, schools, sessions, staff, students, updates,
)  # fmt: skip


def metadata() -> MetaData:
    """The metadata with every table in it."""
    return METADATA
