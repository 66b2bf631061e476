"""Timed work done once a period, whoever's clock ticks first."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlmodel import Field

from storage.schema import Row, table_of
from storage.unit import Unit, insert_once


class JobPeriod(Row, table=True):
    """This job was taken for this period. period: as the job names it, such as `2026-11-22`."""

    __tablename__: ClassVar[str] = "job_periods"

    school_id: int = Field(primary_key=True, foreign_key="schools.id")
    job: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    taken_at: datetime


def claim_period(unit: Unit, school_id: int, job: str, period: str, now: datetime) -> bool:
    """Takes the job for the period. False: it was taken."""
    values = {"school_id": school_id, "job": job, "period": period, "taken_at": now}
    return insert_once(unit, table_of(JobPeriod), values) is not None
