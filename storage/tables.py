"""Every table, imported once: what the migrations are compared with."""

from __future__ import annotations

from sqlalchemy import MetaData

from storage import (
    arrivals,
    audit,
    campaign_rows,
    chats,
    claims,
    held_back,
    imports,
    inbox,
    jobs,
    leases,
    ledger,
    lines,
    moves,
    outbox_rows,
    payment_concerns,
    payment_events,
    payment_rows,
    people,
    processes,
    questions,
    receipt_rows,
    schema_floor,
    schools,
    sessions,
    staff,
    students,
    tokens,
    updates,
)
from storage.schema import METADATA

_HOMES = (
    arrivals, audit, campaign_rows, chats, claims, held_back, imports, inbox, jobs, leases, ledger, lines, moves,
    outbox_rows, payment_concerns, payment_events, payment_rows, people, processes, questions, receipt_rows,
    schema_floor, schools, sessions, staff, students, tokens, updates,
)  # fmt: skip


def metadata() -> MetaData:
    """The metadata with every table in it."""
    return METADATA
