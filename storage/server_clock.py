"""The clock of the database's server: the one that every process on it can agree on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from storage.unit import Unit


def server_now(unit: Unit) -> datetime | None:
    """This very moment by PostgreSQL's clock, aware; None on SQLite, which has no clock of its own."""
    if not unit.shared:
        return None
    moment: datetime = unit.core.execute(select(func.clock_timestamp())).scalar_one()
    return moment
