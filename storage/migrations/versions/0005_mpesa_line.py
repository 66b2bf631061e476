"""The school's M-PESA line: working or down, who tries it, and who was held back meanwhile.

Only adds.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations.shorthand import cents, index, key, link, moments, numbers, one_of, words

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "mpesa_lines",
        link("school_id", "schools"),
        *words("state"),
        *numbers("outage"),
        *words("cause"),
        *moments("since trial_at", null=True),
        *words("trial_by", null=True),
        *moments("trial_until", null=True),
        *numbers("trial in_vain"),
        *moments("by_push_at examined_at suspected_at", null=True),
        sa.PrimaryKeyConstraint("school_id"),
        one_of("state", "working", "down"),
        sa.CheckConstraint(
            "state = 'working' OR (since IS NOT NULL AND trial_at IS NOT NULL)", name="down_is_tried"
        ),
        sa.CheckConstraint("(trial_by IS NULL) = (trial_until IS NULL)", name="tried_until"),
    )
    op.create_table(
        "held_back",
        key(),
        link("school_id", "schools"),
        *numbers("outage"),
        link("chat_id", "chats"),
        link("student_id", "students"),
        link("payment_id", "payments"),
        *cents("amount_cents"),
        *words("state"),
        *moments("since at"),
        *moments("ended_at", null=True),
        link("outbox_id", "outbox_messages", null=True),
        one_of("state", "waiting", "told", "not_needed", "too_late"),
        sa.UniqueConstraint("payment_id"),
    )
    index(
        "uq_held_back_waiting",
        "held_back",
        *("school_id", "chat_id", "student_id"),
        where="state = 'waiting'",
        unique=True,
    )
    index("ix_held_back_outage", "held_back", "school_id", "outage")
    index("ix_held_back_child", "held_back", "student_id", "chat_id")
    index("ix_held_back_outbox_id", "held_back", "outbox_id")


def downgrade() -> None:
    """Drops them."""
    for name in (
        "ix_held_back_outbox_id",
        "ix_held_back_child",
        "ix_held_back_outage",
        "uq_held_back_waiting",
    ):
        op.drop_index(name, "held_back")
    op.drop_table("held_back")
    op.drop_table("mpesa_lines")
