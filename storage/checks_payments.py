"""Invariants of payments: one prompt a phone, a history that leads to the status, nothing forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, literal, or_, select, tuple_

from storage.audit import AuditRecord
from storage.broken import Rule
from storage.outbox_rows import MESSAGES
from storage.payment_concerns import CONCERNS
from storage.payment_events import EVENTS
from storage.payment_rows import PAYMENTS
from storage.payment_state import AWAITING, SETTLED, TRANSITIONS, PaymentStatus
from storage.schema import table_of

S = PaymentStatus
P = PAYMENTS.c

GRACE = timedelta(minutes=2)  #: between a lease's end and the tick that must have seen it
EXPIRED = "expired"  #: the reason for which a person looks at what nobody could tell
FORGOTTEN = timedelta(minutes=15)  #: a check or a prompt that is due for longer was forgotten
_AUDIT = table_of(AuditRecord)
#: Said by the very screen that answers the parent, or nothing that the parent must hear.
_UNANNOUNCED = ("created", "claimed", "accepted", "withdrawn")


def rules(school_id: int, now: datetime) -> list[Rule]:
    """The rules of one school at one moment."""
    mine = P.school_id == school_id
    return [
        Rule("Payment {0} may ring, but does not hold its phone.", _unheld(school_id, now)),
        Rule("Payments {0} and {1} asked the same phone at the same time.", _two_prompts(school_id)),
        Rule("Payment {0} is {1}, but its history ends at {2}.", _status_without_history(school_id)),
        Rule("Payment {0} has the event {1}, which does not follow.", _broken_chain(school_id)),
        Rule("Payment {0} has the event {1}, but nobody was told.", _untold(school_id)),
        Rule(
            "Payment {0} is being sent since {1} UTC and its lease is over.",
            select(P.id, P.pushed_at).where(
                mine,
                P.status == S.SENDING,
                or_(P.lease_until.is_(None), P.lease_until < now - GRACE),
            ),
        ),
        Rule(
            "Payment {0} waits in the queue since {1} UTC.",
            select(P.id, P.push_at).where(mine, P.status == S.QUEUED, P.push_at < now - FORGOTTEN),
        ),
        Rule(
            "Payment {0} is open, and nobody will ask about it.",
            select(P.id).where(
                mine,
                P.status.in_([S.REQUESTED, S.UNCERTAIN]),
                or_(P.check_at.is_(None), P.check_at < now - FORGOTTEN),
            ),
        ),
        Rule("Payment {0} expired, and no person was asked to look.", _unseen(school_id)),
    ]


def _unheld(school_id: int, now: datetime) -> Select[Any]:
    return select(P.id).where(
        P.school_id == school_id,
        P.status.in_(AWAITING),
        or_(and_(P.holds_phone.is_(None), P.blocked_until > now), P.holds_phone != P.phone_hash),
    )


def _two_prompts(school_id: int) -> Select[Any]:
    """A prompt's time: from its push until it was first settled, or until the block was over."""
    other = PAYMENTS.alias("other")
    settled_before = select(EVENTS.c.id).where(
        EVENTS.c.payment_id == P.id, EVENTS.c.to_status.in_(SETTLED), EVENTS.c.at <= other.c.pushed_at
    )
    return select(P.id, other.c.id).where(
        P.school_id == school_id,
        P.reached_mpesa,
        other.c.reached_mpesa,
        other.c.phone_hash == P.phone_hash,
        other.c.id != P.id,
        other.c.pushed_at >= P.pushed_at,
        other.c.pushed_at < P.blocked_until,
        ~settled_before.exists(),
        or_(other.c.pushed_at > P.pushed_at, other.c.id > P.id),
    )


def _status_without_history(school_id: int) -> Select[Any]:
    last = (
        select(EVENTS.c.to_status)
        .where(EVENTS.c.payment_id == P.id, EVENTS.c.to_status.is_not(None))
        .order_by(EVENTS.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(P.id, P.status, last).where(P.school_id == school_id, or_(last.is_(None), last != P.status))


def _broken_chain(school_id: int) -> Select[Any]:
    """An event that is no edge of the table, or does not begin where the one before it ended."""
    earlier = EVENTS.alias("earlier")
    before = (
        select(earlier.c.to_status)
        .where(
            earlier.c.payment_id == EVENTS.c.payment_id,
            earlier.c.to_status.is_not(None),
            earlier.c.id < EVENTS.c.id,
        )
        .order_by(earlier.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    edges = [(source.value, to.value, event) for (source, to), event in TRANSITIONS.items()]
    no_edge = tuple_(EVENTS.c.from_status, EVENTS.c.to_status, EVENTS.c.event).not_in(edges)
    birth = and_(EVENTS.c.event == "created", EVENTS.c.to_status == S.QUEUED, before.is_(None))
    return select(EVENTS.c.payment_id, EVENTS.c.event).where(
        EVENTS.c.school_id == school_id,
        EVENTS.c.to_status.is_not(None),
        or_(
            and_(EVENTS.c.from_status.is_(None), ~birth),
            and_(
                EVENTS.c.from_status.is_not(None),
                or_(no_edge, before.is_(None), before != EVENTS.c.from_status),
            ),
        ),
    )


def _untold(school_id: int) -> Select[Any]:
    key = _ref(EVENTS.c.payment_id) + ":" + EVENTS.c.event
    told = select(MESSAGES.c.id).where(MESSAGES.c.school_id == school_id, MESSAGES.c.dedupe_key == key)
    return select(EVENTS.c.payment_id, EVENTS.c.event).where(
        EVENTS.c.school_id == school_id,
        EVENTS.c.to_status.is_not(None),
        EVENTS.c.event.not_in(_UNANNOUNCED),
        ~told.exists(),
    )


def _ref(payment_id: ColumnElement[int]) -> ColumnElement[str]:
    return literal("payment:") + cast(payment_id, String)


def _unseen(school_id: int) -> Select[Any]:
    asked = select(CONCERNS.c.id).where(
        CONCERNS.c.payment_id == P.id, CONCERNS.c.reason == EXPIRED, CONCERNS.c.ended_at.is_(None)
    )
    looked_at = select(_AUDIT.c.id).where(
        _AUDIT.c.school_id == school_id,
        _AUDIT.c.subject == _ref(P.id) + f".{EXPIRED}",
        _AUDIT.c.action == literal("attention.done"),
    )
    return select(P.id).where(
        P.school_id == school_id, P.status == S.EXPIRED, ~asked.exists(), ~looked_at.exists()
    )
