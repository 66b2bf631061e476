"""`karo check` for a database on which nothing may be running just now."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select

from storage import checks
from storage.copying.tables import carried
from storage.schema import table_of
from storage.schools import School
from storage.unit import Unit

_HAPPENED = frozenset(
    {"at", "created_at", "last_at", "received_at", "seen_at", "sent_at", "taken_at", "updated_at"}
)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def broken(unit: Unit, now: datetime) -> list[str]:
    """Every broken invariant of every school, as a sentence.

    What only fell due since the book was last written to is no fault of it: a message waits, and nobody
    was running to send it. So an invariant counts as broken when it was so then, and is so now.
    """
    last = min(now, _last_written(unit))
    schools = unit.core.execute(select(table_of(School).c.id).order_by(table_of(School).c.id)).scalars().all()
    found: list[str] = []
    for school_id in schools:
        at_last = set(checks.run(unit, school_id, last))
        found += [sentence for sentence in checks.run(unit, school_id, now) if sentence in at_last]
    return found


def _last_written(unit: Unit) -> datetime:
    """When the last thing in the book happened."""
    found = [_LONG_AGO]
    for table in carried():
        columns = [func.max(column) for column in table.columns if column.name in _HAPPENED]
        if columns:
            found += [moment for moment in unit.core.execute(select(*columns)).one() if moment is not None]
    return max(found)
