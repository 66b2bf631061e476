"""Whatever waits for a person, as staff see it in chat and on the command line."""

from __future__ import annotations

from bot.dialogue.view import AttentionView
from storage import attention
from storage.unit import Unit


def views(unit: Unit, school_id: int) -> tuple[AttentionView, ...]:
    """Oldest first."""
    return tuple(
        AttentionView(
            ref=row.ref,
            what=row.what,
            since_at=row.since,
            amount_cents=row.amount_cents,
            child_name=row.student_name or "",
            code=row.code,
        )
        for row in attention.listing(unit, school_id)
    )
