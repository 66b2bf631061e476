"""Campaigns: who owes, who was asked, how far it came. At most one message for each guardian and child of a
campaign.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Subquery, distinct, func, literal, select, update
from sqlmodel import col
from sqlmodel import select as select_rows

from storage.campaign_rows import CAMPAIGNS, TARGETS, Campaign, CampaignTarget, TargetState
from storage.chats import Chat
from storage.ledger import LINES, Account
from storage.outbox_rows import MESSAGES, Sending
from storage.people import Guardian, Guardianship, Student
from storage.schema import table_of
from storage.unit import Unit, insert_once

__all__ = [
    "Arrears", "Campaign", "CampaignTarget", "Progress", "arrears", "finish", "get", "mark", "note_progress",
    "progress", "running", "start", "take", "take_targets",
]  # fmt: skip

_STUDENTS, _GUARDIANS, _TIES, _CHATS = (table_of(t) for t in (Student, Guardian, Guardianship, Chat))


@dataclass(frozen=True, slots=True)
class Arrears:
    """Whom a reminder would reach. families and children: those with a chat; unreachable: children in
    arrears without.

    total_cents: what the reachable children owe. sample: (guardian, child, balance in cents), the largest
    first.
    """

    families: int
    children: int
    total_cents: int
    unreachable: int
    sample: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Targets of a campaign by what became of them; finished: nothing waits and nothing is on its way."""

    total: int
    sent: int
    skipped: int
    failed: int

    @property
    def finished(self) -> bool:
        """Whether every target has come to its end."""
        return self.sent + self.skipped + self.failed == self.total


def arrears(unit: Unit, school_id: int, sample: int = 3) -> Arrears:
    """Counts and a small sample, added up by the database."""
    owing, reach = _owing(school_id), _reachable(school_id)
    unique = select(reach.c.student_id, reach.c.owed).distinct().subquery()
    children, total = unit.core.execute(
        select(func.count(), func.coalesce(func.sum(unique.c.owed), 0)).select_from(unique)
    ).one()
    families = unit.core.execute(select(func.count(distinct(reach.c.guardian_id)))).scalar_one()
    in_arrears = unit.core.execute(select(func.count()).select_from(owing)).scalar_one()
    shown = (
        select(_GUARDIANS.c.name, _STUDENTS.c.name.label("child"), reach.c.owed)
        .join(_GUARDIANS, _GUARDIANS.c.id == reach.c.guardian_id)
        .join(_STUDENTS, _STUDENTS.c.id == reach.c.student_id)
        .order_by(reach.c.owed.desc(), _STUDENTS.c.id, _GUARDIANS.c.id)
        .limit(sample)
    )
    return Arrears(
        families=families,
        children=children,
        total_cents=int(total),
        unreachable=in_arrears - children,
        sample=tuple((row.name, row.child, int(row.owed)) for row in unit.core.execute(shown)),
    )


def start(unit: Unit, *, school_id: int, intent_id: str, admin_chat_id: int, now: datetime) -> int | None:
    """Writes the campaign and all its targets down; None when this intent was started before."""
    values = {
        "school_id": school_id,
        "intent_id": intent_id,
        "admin_chat_id": admin_chat_id,
        "told": "",
        "started_at": now,
    }
    campaign_id = insert_once(unit, CAMPAIGNS, values, ("school_id", "intent_id"))
    if campaign_id is None:
        return None
    reach = _reachable(school_id)
    columns = ["school_id", "campaign_id", "guardian_id", "student_id", "chat_id", "state"]
    rows = select(
        literal(school_id),
        literal(campaign_id),
        reach.c.guardian_id,
        reach.c.student_id,
        reach.c.chat_id,
        literal(TargetState.WAITING.value),
    ).order_by(reach.c.student_id, reach.c.guardian_id)
    unit.core.execute(TARGETS.insert().from_select(columns, rows))
    return campaign_id


def running(unit: Unit, school_id: int) -> list[int]:
    """Campaigns that are not finished, oldest first."""
    unfinished = (CAMPAIGNS.c.school_id == school_id) & CAMPAIGNS.c.finished_at.is_(None)
    return list(
        unit.core.execute(select(CAMPAIGNS.c.id).where(unfinished).order_by(CAMPAIGNS.c.id)).scalars()
    )


def get(unit: Unit, campaign_id: int) -> Campaign:
    """A campaign by id."""
    return unit.session.get_one(Campaign, campaign_id, populate_existing=True)


def take(unit: Unit, campaign_id: int) -> Campaign | None:
    """The campaign, for one unit at a time. None: it is finished, or another process works on it just now."""
    unfinished = select_rows(Campaign).where(Campaign.id == campaign_id, col(Campaign.finished_at).is_(None))
    taken = unfinished.with_for_update(skip_locked=True, key_share=True)
    return unit.session.exec(taken.execution_options(populate_existing=True)).first()


def last_started(unit: Unit, school_id: int) -> datetime | None:
    """When the newest campaign was started."""
    newest = select(func.max(CAMPAIGNS.c.started_at)).where(CAMPAIGNS.c.school_id == school_id)
    last: datetime | None = unit.core.execute(newest).scalar_one()
    return last


def take_targets(unit: Unit, campaign_id: int, limit: int) -> list[CampaignTarget]:
    """The next targets that wait. Mark each in the same unit of work."""
    return list(
        unit.session.exec(
            select_rows(CampaignTarget)
            .where(CampaignTarget.campaign_id == campaign_id, CampaignTarget.state == TargetState.WAITING)
            .order_by(col(CampaignTarget.id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )


def mark(unit: Unit, target_id: int, state: str, outbox_id: int | None = None) -> bool:
    """Queued (with its message) or skipped. False: the target waits no more."""
    marked = unit.core.execute(
        update(TARGETS)
        .where(TARGETS.c.id == target_id, TARGETS.c.state == TargetState.WAITING)
        .values(state=TargetState(state).value, outbox_id=outbox_id)
    )
    return marked.rowcount == 1


def progress(unit: Unit, campaign_id: int) -> Progress:
    """How far it came."""
    statement = (
        select(TARGETS.c.state, MESSAGES.c.state.label("sending"), func.count().label("n"))
        .join(MESSAGES, MESSAGES.c.id == TARGETS.c.outbox_id, isouter=True)
        .where(TARGETS.c.campaign_id == campaign_id)
        .group_by(TARGETS.c.state, MESSAGES.c.state)
    )
    total = sent = skipped = failed = 0
    for state, sending, n in unit.core.execute(statement):
        total += n
        sent += n if sending == Sending.SENT else 0
        skipped += n if state == TargetState.SKIPPED else 0
        failed += n if sending in (Sending.FAILED, Sending.UNKNOWN, Sending.DROPPED) else 0
    return Progress(total, sent, skipped, failed)


def note_progress(unit: Unit, campaign_id: int, reached: Progress) -> bool:
    """Whether this is more than was told before; then it counts as told."""
    words = f"{reached.sent}/{reached.skipped}/{reached.failed}/{reached.total}"
    noted = unit.core.execute(
        update(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign_id, CAMPAIGNS.c.told != words).values(told=words)
    )
    return noted.rowcount == 1


def finish(unit: Unit, campaign_id: int, now: datetime) -> bool:
    """Nothing is left to do. False: it was finished before."""
    done = unit.core.execute(
        update(CAMPAIGNS)
        .where(CAMPAIGNS.c.id == campaign_id, CAMPAIGNS.c.finished_at.is_(None))
        .values(finished_at=now)
    )
    return done.rowcount == 1


def _owing(school_id: int) -> Subquery:
    owed: Any = func.sum(LINES.c.amount_cents)
    return (
        select(LINES.c.student_id, owed.label("owed"))
        .where(LINES.c.school_id == school_id, LINES.c.account == Account.FEES)
        .group_by(LINES.c.student_id)
        .having(owed > 0)
        .subquery("owing")
    )


def _reachable(school_id: int) -> Subquery:
    """One row for each child that owes and guardian with a chat; of several chats the newest."""
    owing = _owing(school_id)
    return (
        select(
            owing.c.student_id,
            owing.c.owed,
            _TIES.c.guardian_id,
            func.max(_CHATS.c.id).label("chat_id"),
        )
        .join(_TIES, _TIES.c.student_id == owing.c.student_id)
        .join(_CHATS, _CHATS.c.guardian_id == _TIES.c.guardian_id)
        .where(_CHATS.c.blocked_at.is_(None))
        .group_by(owing.c.student_id, owing.c.owed, _TIES.c.guardian_id)
        .subquery("reachable")
    )
