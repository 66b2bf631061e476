"""Staff and admins: invited by a one-time link, listed, removed."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from storage import audit, people
from storage.unit import Unit

INVITE_LASTS = timedelta(hours=24)


def invite(unit: Unit, school_id: int, name: str, role: str, now: datetime) -> str:
    """A one-time code for a new staff member, good for 24 hours. Only its hash is kept."""
    code = secrets.token_urlsafe(18)
    member = people.add_staff(unit, school_id, name, role, now)
    people.add_invite(unit, school_id, member.id, code, now + INVITE_LASTS, now)
    audit.record(
        unit,
        school_id=school_id,
        actor="command line",
        action="staff.invite",
        subject=f"staff:{member.id}",
        now=now,
    )
    return code


def remove(unit: Unit, school_id: int, staff_id: int, now: datetime) -> bool:
    """Take a staff member's rights away at once; False when there is no such member."""
    removed = people.remove_staff(unit, staff_id, now)
    if removed:
        audit.record(
            unit,
            school_id=school_id,
            actor="command line",
            action="staff.remove",
            subject=f"staff:{staff_id}",
            now=now,
        )
    return removed
