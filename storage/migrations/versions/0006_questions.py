"""Codes that parents sent in, and what M-PESA was asked about them.

Only adds.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations.shorthand import index, key, link, moments, numbers, one_of, sealed, words

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "questions",
        key(),
        link("school_id", "schools"),
        *words("kind"),
        link("payment_id", "payments"),
        *words("code token_hash"),
        *sealed("token_enc"),
        *words("state outcome"),
        *numbers("tries"),
        *words("originator_conversation_id conversation_id", null=True),
        *moments("ask_at asked_at answered_at", null=True),
        *moments("created_at"),
        one_of("state", "waiting", "asked", "answered", "given_up"),
        sa.UniqueConstraint("payment_id", "code"),
        sa.UniqueConstraint("token_hash"),
    )
    index("ix_questions_due", "questions", "ask_at", where="ask_at IS NOT NULL")
    index("ix_questions_ended", "questions", "school_id", "answered_at")


def downgrade() -> None:
    """Drops it."""
    op.drop_index("ix_questions_ended", "questions")
    op.drop_index("ix_questions_due", "questions")
    op.drop_table("questions")
