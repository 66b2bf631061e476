"""Several processes on one database: leases, the shared token, stored updates, signs of life; and moving house.

Only adds.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations.shorthand import index, key, link, moments, numbers, one_of, sealed, words

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = ("schema_floor", "leases", "access_tokens", "arrivals", "processes", "copied_tables", "moves")
_INDEXES = (
    ("ix_payments_pushed", "payments"),
    ("ix_payments_settled", "payments"),
    ("ix_outbox_messages_lost", "outbox_messages"),
)


def upgrade() -> None:
    """Makes the tables."""
    op.create_table("schema_floor", key(), *words("floor"))
    op.execute("INSERT INTO schema_floor (id, floor) VALUES (1, '0003')")
    _shared()
    _arrivals()
    _moving()
    _looking()


def downgrade() -> None:
    """Drops them, the last one first."""
    for name, table in reversed(_INDEXES):
        op.drop_index(name, table)
    for table in reversed(_TABLES):
        op.drop_table(table)


def _shared() -> None:
    op.create_table(
        "leases",
        link("school_id", "schools"),
        *words("name", "holder"),
        *numbers("fence"),
        *moments("taken_at", "until"),
        sa.PrimaryKeyConstraint("school_id", "name"),
    )
    op.create_table(
        "access_tokens",
        link("school_id", "schools"),
        *words("app"),
        *sealed("value_enc"),
        *moments("expires_at", "saved_at"),
        sa.PrimaryKeyConstraint("school_id", "app"),
    )
    op.create_table(
        "processes",
        *words("name"),
        link("school_id", "schools"),
        *words("kind"),
        *moments("started_at", "seen_at"),
        *moments("callback_at query_at update_at", null=True),
        sa.PrimaryKeyConstraint("name"),
    )
    index("ix_processes_school_id", "processes", "school_id")


def _arrivals() -> None:
    op.create_table(
        "arrivals",
        key(),
        link("school_id", "schools"),
        *words("channel", "update_id", "address", "state"),
        *sealed("body_enc"),
        *numbers("tries"),
        *moments("next_at", "received_at"),
        sa.UniqueConstraint("school_id", "channel", "update_id"),
        one_of("state", "waiting", "done", "skipped"),
    )
    index("ix_arrivals_waiting", "arrivals", "address", "id", where="state = 'waiting'")
    index("ix_arrivals_received", "arrivals", "school_id", "received_at")


def _moving() -> None:
    op.create_table(
        "copied_tables",
        *words("name"),
        *words("last_key", null=True),
        *numbers("copied"),
        *moments("finished_at", null=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "moves",
        key(),
        *words("direction", "other", "source"),
        *moments("started_at"),
        *moments("finished_at", null=True),
    )


def _looking() -> None:
    """For what an operator is shown: never a walk through the history."""
    index("ix_payments_pushed", "payments", "school_id", "pushed_at", where="pushed_at IS NOT NULL")
    index("ix_payments_settled", "payments", "school_id", "settled_at", where="settled_at IS NOT NULL")
    index(
        "ix_outbox_messages_lost",
        "outbox_messages",
        "school_id",
        "send_at",
        where="state IN ('failed', 'unknown')",
    )
