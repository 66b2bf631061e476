"""What an operator needs to know, in counts and moments: read in one snapshot, by indexes, without a name in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from sqlalchemy import func, select, text

from storage.arrivals import ARRIVALS
from storage.campaign_rows import CAMPAIGNS
from storage.chats import Chat
from storage.inbox import ITEMS
from storage.leases import LEASES, Lease
from storage.migrate import newest
from storage.piles import (
    Pile,
    of_attention,
    of_held_back,
    of_outbox,
    of_payments,
    of_school,
    of_suspense,
    pile,
)
from storage.processes import Process, known
from storage.receipt_rows import RECEIPTS
from storage.schema import table_of
from storage.schema_floor import FLOOR
from storage.server_clock import server_now
from storage.tokens import TOKENS
from storage.unit import Unit
from storage.updates import SEEN

__all__ = ["Figures", "Pile", "read"]

_CHATS = table_of(Chat)
_LAST_BODIES = 1000  # looked at, newest first, for the last one of this school


@dataclass(frozen=True, slots=True)
class Figures:
    """One snapshot, taken at `at`. Moments are aware; None: never, or not known.

    open_payments: by status; since: push_at for queued ones, else pushed_at. asked_often: those pushed one to
    fifteen minutes ago. checks: questions that are due and not asked yet.
    settled: (window, status, cause) -> count. pushed: window -> count. waiting: due messages, leased ones too,
    by kind; since: the oldest send_at that is past. not_yet: messages whose time has not come. lost: (kind, state)
    -> messages of 24 hours. attention: by kind of row; its `line` is the M-PESA line while that is down. held_back:
    tries whose parents are still to hear that it works. skew_s: by how much this machine's clock is ahead of the
    database's, where that has one.
    """

    at: datetime
    skew_s: float | None
    open_payments: Mapping[str, Pile]
    asked_often: int
    checks: Pile
    settled: Mapping[tuple[str, str, str], int]
    pushed: Mapping[str, int]
    waiting: Mapping[str, Pile]
    not_yet: Mapping[str, int]
    lost: Mapping[tuple[str, str], int]
    attention: Mapping[str, Pile]
    held_back: Pile
    suspense: Pile
    suspense_cents: int
    unnumbered: Pile
    arrivals: Pile
    campaigns: Pile
    blocked_chats: int
    callback_at: datetime | None
    update_at: datetime | None
    processes: tuple[Process, ...]
    leases: tuple[Lease, ...]
    token_saved_at: datetime | None
    token_until: datetime | None
    schema: str
    schema_newest: str
    schema_floor: str


def read(
    unit: Unit, school_id: int, clock: Callable[[], datetime], machine_clock: Callable[[], datetime]
) -> Figures:
    """Everything at once; a handful of reads by index, whatever the history holds.

    clock: what the rows are written by. machine_clock: this machine's own. Both aware UTC.
    """
    schema = _schema(unit)
    database_at, machine_at = server_now(unit), machine_clock()
    at = clock()
    running = tuple(known(unit, school_id))
    suspense, cents = of_suspense(unit, school_id)
    saved_at, token_until = _token(unit, school_id)
    return Figures(
        at=at,
        skew_s=None if database_at is None else (machine_at - database_at).total_seconds(),
        **of_payments(unit, school_id, at),
        **of_outbox(unit, school_id, at),
        attention=of_attention(unit, school_id),
        held_back=of_held_back(unit, school_id),
        suspense=suspense,
        suspense_cents=cents,
        **_others(unit, school_id),
        callback_at=_newest(_last_body(unit, school_id), *(process.callback_at for process in running)),
        update_at=_newest(*_last_updates(unit, school_id), *(process.update_at for process in running)),
        processes=running,
        leases=_leases(unit, school_id),
        token_saved_at=saved_at,
        token_until=token_until,
        schema=schema,
        schema_newest=newest(),
        schema_floor=unit.core.execute(select(FLOOR.c.floor)).scalar() or "",
    )


class _Others(TypedDict):
    unnumbered: Pile
    arrivals: Pile
    campaigns: Pile
    blocked_chats: int


def _others(unit: Unit, school_id: int) -> _Others:
    numbers, rounds = RECEIPTS.c, CAMPAIGNS.c
    blocked = _CHATS.c.blocked_at.is_not(None)
    return {
        "unnumbered": pile(
            unit, RECEIPTS, "created_at", numbers.school_id == school_id, numbers.number.is_(None)
        ),
        "arrivals": pile(
            unit, ARRIVALS, "received_at", of_school(ARRIVALS, school_id), text("state = 'waiting'")
        ),
        "campaigns": pile(
            unit, CAMPAIGNS, "started_at", rounds.school_id == school_id, rounds.finished_at.is_(None)
        ),
        "blocked_chats": pile(unit, _CHATS, "created_at", of_school(_CHATS, school_id), blocked).count,
    }


def _last_body(unit: Unit, school_id: int) -> datetime | None:
    """When M-PESA last brought something new: among the newest rows of all schools."""
    c = ITEMS.c
    newest_ones = (
        select(c.school_id, c.received_at)
        .where(c.id > 0)
        .order_by(c.id.desc())
        .limit(_LAST_BODIES)
        .subquery()
    )
    of_ours = select(func.max(newest_ones.c.received_at)).where(newest_ones.c.school_id == school_id)
    last: datetime | None = unit.core.execute(of_ours).scalar_one()
    return last


def _last_updates(unit: Unit, school_id: int) -> list[datetime | None]:
    columns = (SEEN.c.school_id, SEEN.c.seen_at), (ARRIVALS.c.school_id, ARRIVALS.c.received_at)
    return [
        unit.core.execute(select(func.max(moment)).where(school == school_id)).scalar_one()
        for school, moment in columns
    ]


def _leases(unit: Unit, school_id: int) -> tuple[Lease, ...]:
    rows = unit.core.execute(select(LEASES).where(LEASES.c.school_id == school_id).order_by(LEASES.c.name))
    return tuple(Lease(**row._mapping) for row in rows)


def _token(unit: Unit, school_id: int) -> tuple[datetime | None, datetime | None]:
    """When M-PESA's token was last fetched, and until when it is good."""
    c = TOKENS.c
    newest_one = select(c.saved_at, c.expires_at).where(c.school_id == school_id).order_by(c.saved_at.desc())
    found = unit.core.execute(newest_one.limit(1)).first()
    return (None, None) if found is None else (found.saved_at, found.expires_at)


def _schema(unit: Unit) -> str:
    found: str = unit.core.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    return found


def _newest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
