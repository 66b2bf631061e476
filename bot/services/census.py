"""How many of each: what the office sees when Karo starts."""

from __future__ import annotations

from dataclasses import dataclass

from storage import attention, people
from storage.unit import Unit


@dataclass(frozen=True, slots=True)
class Census:
    """Counts of active rows; waiting: things on the attention desk."""

    children: int
    guardians: int
    linked: int
    staff: int
    admins: int
    waiting: int


def take_census(unit: Unit, school_id: int) -> Census:
    """Count once."""
    counts = people.counts(unit, school_id)
    members = [member for member in people.staff_list(unit, school_id) if member.chat_id is not None]
    return Census(
        children=counts.students,
        guardians=counts.guardians,
        linked=counts.linked_chats,
        staff=len(members),
        admins=sum(member.role == "admin" for member in members),
        waiting=len(attention.listing(unit, school_id)),
    )
