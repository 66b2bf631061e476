"""The history of a payment: one row for its birth, one for every move, one for every remark that moves
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, col, select

from storage.payment_state import PaymentStatus
from storage.schema import Row, StatusColumn, table_of
from storage.unit import Unit, insert_once


class PaymentEvent(Row, table=True):
    """from_status and to_status are null for a remark; from_status alone for the birth.

    No edge can be walked twice, and no status entered twice: the database holds both.
    """

    __tablename__: ClassVar[str] = "payment_events"
    __table_args__ = (
        UniqueConstraint("payment_id", "event"),
        Index(
            "uq_payment_events_to_status",
            "payment_id",
            "to_status",
            unique=True,
            sqlite_where=text("to_status IS NOT NULL"),
            postgresql_where=text("to_status IS NOT NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    payment_id: int = Field(foreign_key="payments.id")
    event: str
    from_status: PaymentStatus | None = Field(default=None, sa_type=StatusColumn)
    to_status: PaymentStatus | None = Field(default=None, sa_type=StatusColumn)
    because: str = "{}"  # JSON
    at: datetime


EVENTS = table_of(PaymentEvent)


def write_event(
    unit: Unit,
    school_id: int,
    payment_id: int,
    event: str,
    from_status: PaymentStatus | None,
    to_status: PaymentStatus | None,
    now: datetime,
    because: Mapping[str, str | int],
) -> None:
    """For storage.payments alone: the row of a birth or a move. A second one is a fault and raises
    IntegrityError.
    """
    unit.core.execute(
        EVENTS.insert().values(
            school_id=school_id,
            payment_id=payment_id,
            event=event,
            from_status=from_status,
            to_status=to_status,
            because=json.dumps(dict(because), sort_keys=True),
            at=now,
        )
    )


def remark(
    unit: Unit,
    *,
    school_id: int,
    payment_id: int,
    event: str,
    now: datetime,
    because: Mapping[str, str | int] | None = None,
) -> bool:
    """Notes something that moves no status (still_unknown, receipt_number, ...). False: it was noted
    before.
    """
    values = {
        "school_id": school_id,
        "payment_id": payment_id,
        "event": event,
        "because": json.dumps(dict(because or {}), sort_keys=True),
        "at": now,
    }
    return insert_once(unit, EVENTS, values, ("payment_id", "event")) is not None


def events_of(unit: Unit, payment_id: int) -> list[PaymentEvent]:
    """The history, oldest first."""
    return list(
        unit.session.exec(
            select(PaymentEvent).where(PaymentEvent.payment_id == payment_id).order_by(col(PaymentEvent.id))
        )
    )
