"""The sender's side of the outbox: what may be sent now, taken with a lease."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, or_, select, true, update

from storage.chats import Chat
from storage.outbox_rows import MESSAGES, Kind, Sending
from storage.schema import table_of
from storage.unit import Unit
from storage.vault import VaultError

_CHATS = table_of(Chat)
_C = MESSAGES.c
BLOCKED = "blocked"  #: the reason of what was dropped with its chat
_LOOK_AHEAD = 4  #: rows looked at for each one claimed: several may belong to one chat


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """Everything the sender needs; an empty body could not be read.

    lease: to be named when it reports. attempts: earlier tries that went
    wrong.

    edit_message_id: edit this message instead of sending a new one.
    """

    id: int
    lease: int
    lease_until: datetime
    chat_id: int
    channel: str
    address: str
    language: str | None
    kind: str
    body: dict[str, Any] = field(repr=False)
    slot: str | None
    edit_message_id: str | None
    attempts: int

    @property
    def at_most_once(self) -> bool:
        """Reminders: when in doubt, not again."""
        return self.kind == Kind.REMINDER


def any_due(unit: Unit, now: datetime) -> bool:
    """Whether `claim` may find something to do: a cheap look that keeps the writer free for others."""
    due = exists().where(_C.state == Sending.WAITING, _C.send_at <= now)
    lapsed = exists().where(_C.state == Sending.LEASED, _C.lease_until <= now)
    return bool(unit.core.execute(select(or_(due, lapsed))).scalar_one())


def claim(unit: Unit, now: datetime, lease_s: float, limit: int) -> list[ClaimedMessage]:
    """Takes up to `limit` due messages, at most one a chat: replies first, then receipts, then reminders.

    No row is taken while one of its chat is being sent, or an earlier one backs off. Rows of blocked chats
    are dropped. A lapsed lease is taken again; a reminder's is "unknown" instead.
    """
    lapse(unit, now)
    _drop_blocked(unit, now)
    lease_until = now + timedelta(seconds=lease_s)
    chosen: dict[int, Row[Any]] = {}
    for row in _candidates(unit, now, limit * _LOOK_AHEAD):
        if len(chosen) < limit:
            chosen.setdefault(row.chat_id, row)
    taken = [row for row in chosen.values() if _lease(unit, row, lease_until)]
    return [_claimed(unit, row, lease_until) for row in taken]


def lapse(unit: Unit, now: datetime) -> None:
    """Takes back what was claimed and not reported by `now`; a reminder's fate is unknown, and stays so."""
    _take_back(unit, _C.lease_until <= now)


def take_back(unit: Unit) -> int:
    """Takes back whatever is claimed, as `lapse` does: for the one sender, after its forerunner's end. Returns
    how many.
    """
    return _take_back(unit, true())


def _take_back(unit: Unit, which: ColumnElement[bool]) -> int:
    taken_back = 0
    for reminder, state in ((True, Sending.UNKNOWN), (False, Sending.WAITING)):
        of_kind = _C.kind == Kind.REMINDER if reminder else _C.kind != Kind.REMINDER
        taken_back += unit.core.execute(
            update(MESSAGES)
            .where(_C.state == Sending.LEASED, which, of_kind)
            .values(state=state, lease_until=None, reason="lapsed")
        ).rowcount
    return taken_back


def _drop_blocked(unit: Unit, now: datetime) -> None:
    """Their chats are held until the unit ends: who comes back in this moment finds what was dropped."""
    due = (_C.state == Sending.WAITING, _C.send_at <= now)
    has_due = select(_C.id).where(_C.chat_id == _CHATS.c.id, *due).exists()
    blocked = select(_CHATS.c.id).where(_CHATS.c.blocked_at.is_not(None), has_due)
    chats = unit.core.execute(blocked.with_for_update(read=True, skip_locked=True)).scalars().all()
    if chats:
        unit.core.execute(
            update(MESSAGES).where(*due, _C.chat_id.in_(chats)).values(state=Sending.DROPPED, reason=BLOCKED)
        )


def _candidates(unit: Unit, now: datetime, limit: int) -> Sequence[Row[Any]]:
    other = MESSAGES.alias("other")
    being_sent = select(other.c.id).where(other.c.chat_id == _C.chat_id, other.c.state == Sending.LEASED)
    backing_off = select(other.c.id).where(
        other.c.chat_id == _C.chat_id,
        other.c.state == Sending.WAITING,
        other.c.id < _C.id,
        other.c.attempts > 0,
        other.c.send_at > now,
    )
    statement = (
        select(MESSAGES, _CHATS.c.channel, _CHATS.c.address, _CHATS.c.language)
        .join(_CHATS, _CHATS.c.id == _C.chat_id)
        .where(
            _C.state == Sending.WAITING,
            _C.send_at <= now,
            ~being_sent.exists(),
            ~backing_off.exists(),
        )
        .order_by(_C.priority, _C.id)
        .limit(limit)
        .with_for_update(of=MESSAGES, skip_locked=True)
    )
    return unit.core.execute(statement).all()


def _lease(unit: Unit, row: Row[Any], lease_until: datetime) -> bool:
    taken = unit.core.execute(
        update(MESSAGES)
        .where(_C.id == row.id, _C.state == Sending.WAITING, _C.lease == row.lease)
        .values(state=Sending.LEASED, lease=_C.lease + 1, lease_until=lease_until)
    )
    return taken.rowcount == 1


def _claimed(unit: Unit, row: Row[Any], lease_until: datetime) -> ClaimedMessage:
    return ClaimedMessage(
        id=row.id,
        lease=row.lease + 1,
        lease_until=lease_until,
        chat_id=row.chat_id,
        channel=row.channel,
        address=row.address,
        language=row.language,
        kind=row.kind,
        body=_body(unit, row),
        slot=row.slot,
        edit_message_id=_last_in_slot(unit, row),
        attempts=row.attempts,
    )


def _body(unit: Unit, row: Row[Any]) -> dict[str, Any]:
    """Empty when it cannot be read: one spoilt row must not keep the others from leaving."""
    try:
        body: dict[str, Any] = json.loads(unit.vault.open(row.body_enc))
    except (ValueError, VaultError):
        return {}
    return body


def _last_in_slot(unit: Unit, row: Row[Any]) -> str | None:
    if row.slot is None:
        return None
    last = (
        select(_C.message_id)
        .where(_C.chat_id == row.chat_id, _C.slot == row.slot, _C.id < row.id, _C.state == Sending.SENT)
        .order_by(_C.id.desc())
        .limit(1)
    )
    return unit.core.execute(last).scalar_one_or_none()
