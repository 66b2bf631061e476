"""Messages on their way out: rows, claimed with a lease by the one sender.

Replies and receipts are sent at least once, reminders at most once. Inside a chat nothing overtakes what is
being sent or backing off.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import update

from storage.outbox_claim import BLOCKED, ClaimedMessage, claim
from storage.outbox_rows import MESSAGES, PRIORITIES, Kind, OutboxMessage, Sending
from storage.unit import Unit, insert_once

__all__ = [
    "ClaimedMessage", "Kind", "OutboxMessage", "Sending", "add", "announcement_key", "back_off",
    "body_of", "claim", "mark_failed", "mark_sent", "revive", "unlease",
]  # fmt: skip

_C = MESSAGES.c


def add(
    unit: Unit,
    *,
    school_id: int,
    chat_id: int,
    kind: str,
    body: Mapping[str, Any],
    dedupe_key: str | None,
    now: datetime,
    slot: str | None = None,
    send_at: datetime | None = None,
) -> OutboxMessage | None:
    """Queues a message; None when one with that dedupe_key was queued before.

    body: plain JSON values, stored encrypted. slot: the sender edits the last message it sent in that slot
    of the chat, and an unsent older one of the slot is not sent any more. send_at: no earlier (None: now).
    A payment's news carry the key `payment:<id>:<event>`; `karo check` looks for it.
    """
    values: dict[str, Any] = {
        "school_id": school_id,
        "chat_id": chat_id,
        "kind": Kind(kind).value,
        "priority": PRIORITIES[Kind(kind)],
        "body_enc": unit.vault.seal(json.dumps(dict(body))),
        "dedupe_key": dedupe_key,
        "slot": slot,
        "state": Sending.WAITING.value,
        "send_at": send_at or now,
        "lease": 0,
        "attempts": 0,
        "reason": "",
        "created_at": now,
    }
    new_id = insert_once(unit, MESSAGES, values)
    if new_id is None:
        return None
    if slot is not None:
        _supersede(unit, chat_id, slot, new_id)
    return OutboxMessage(id=new_id, **values)


def announcement_key(payment_id: int, event: str) -> str:
    """The dedupe_key of the message that tells the payer of this event."""
    return f"payment:{payment_id}:{event}"


def body_of(unit: Unit, message: OutboxMessage) -> dict[str, Any]:
    """The body as it was queued."""
    found: dict[str, Any] = json.loads(unit.vault.open(message.body_enc))
    return found


def mark_sent(unit: Unit, message_id: int, lease: int, sent_as: str, now: datetime) -> bool:
    """The channel took it, under its name `sent_as`; believed also when the lease lapsed and nobody claimed
    it since.
    """
    late_too = (Sending.LEASED, Sending.WAITING, Sending.UNKNOWN)
    return _end(
        unit, message_id, lease, late_too, state=Sending.SENT, message_id=sent_as, sent_at=now, reason=""
    )


def mark_failed(unit: Unit, message_id: int, lease: int, reason: str, now: datetime) -> bool:
    """Given up. reason: a word; "unknown" says that it may have been delivered."""
    state = Sending.UNKNOWN if reason == "unknown" else Sending.FAILED
    return _end(unit, message_id, lease, (Sending.LEASED,), state=state, reason=reason, sent_at=now)


def back_off(unit: Unit, message_id: int, lease: int, until: datetime) -> bool:
    """Tried in vain, and surely or harmlessly: to be tried again, no earlier."""
    return _end(
        unit,
        message_id,
        lease,
        (Sending.LEASED,),
        state=Sending.WAITING,
        send_at=until,
        attempts=_C.attempts + 1,
    )


def unlease(unit: Unit, message_id: int, lease: int, until: datetime | None = None) -> bool:
    """Claimed, but surely not sent: as if it had not been claimed. until: no earlier than that."""
    later = {} if until is None else {"send_at": until}
    return _end(unit, message_id, lease, (Sending.LEASED,), state=Sending.WAITING, **later)


def revive(unit: Unit, chat_id: int, now: datetime) -> int:
    """The person is back: outcomes that were dropped because the chat was blocked wait again; returns how many.

    Replies and reminders stay dropped: they were of their moment.
    """
    revived = unit.core.execute(
        update(MESSAGES)
        .where(
            _C.chat_id == chat_id,
            _C.state == Sending.DROPPED,
            _C.kind == Kind.RECEIPT,
            _C.reason == BLOCKED,
        )
        .values(state=Sending.WAITING, send_at=now, reason="")
    )
    return int(revived.rowcount)


def _end(unit: Unit, row_id: int, lease: int, states: tuple[Sending, ...], **values: Any) -> bool:
    ended = unit.core.execute(
        update(MESSAGES)
        .where(_C.id == row_id, _C.lease == lease, _C.state.in_(states))
        .values(lease_until=None, **values)
    )
    return ended.rowcount == 1


def _supersede(unit: Unit, chat_id: int, slot: str, newest: int) -> None:
    unit.core.execute(
        update(MESSAGES)
        .where(_C.chat_id == chat_id, _C.slot == slot, _C.id < newest, _C.state == Sending.WAITING)
        .values(state=Sending.SUPERSEDED)
    )
