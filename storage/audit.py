"""Who did what by hand: corrections, things marked as done, roles given."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Index
from sqlmodel import Field, col, select

from storage.schema import Row
from storage.unit import Unit


class AuditRecord(Row, table=True):
    """Written once, never changed. actor: `command line`, `chat:3`. subject: `payment:17`, `student:4`."""

    __tablename__: ClassVar[str] = "audit_records"
    __table_args__ = (Index("ix_audit_records_subject", "school_id", "subject"),)

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str = ""


def record(
    unit: Unit, *, school_id: int, actor: str, action: str, subject: str, now: datetime, detail: str = ""
) -> AuditRecord:
    """Adds a record. detail: plain words, no phone and no secret."""
    written = AuditRecord(
        school_id=school_id, at=now, actor=actor, action=action, subject=subject, detail=detail
    )
    unit.session.add(written)
    unit.session.flush()
    return written


def of_subject(unit: Unit, school_id: int, subject: str) -> list[AuditRecord]:
    """Everything done to the subject, oldest first."""
    return list(
        unit.session.exec(
            select(AuditRecord)
            .where(AuditRecord.school_id == school_id, AuditRecord.subject == subject)
            .order_by(col(AuditRecord.id))
        )
    )
