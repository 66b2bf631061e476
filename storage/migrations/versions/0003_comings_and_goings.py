"""What comes in and goes out: sessions, updates, inbox, outbox, campaigns, imports, daily work, the audit
trail.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations.shorthand import (
    index,
    key,
    link,
    moments,
    numbers,
    one_of,
    sealed,
    words,
)

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES = (
    "dialogue_sessions",
    "seen_updates",
    "inbox_items",
    "outbox_messages",
    "campaigns",
    "campaign_targets",
    "import_batches",
    "import_rows",
    "job_periods",
    "audit_records",
)


def upgrade() -> None:
    """Makes the tables."""
    _incoming()
    _outgoing()
    _campaigns()
    _imports()
    _daily()


def downgrade() -> None:
    """Drops them, the last one first."""
    for table in reversed(_TABLES):
        op.drop_table(table)


def _incoming() -> None:
    op.create_table(
        "dialogue_sessions",
        link("chat_id", "chats"),
        link("school_id", "schools"),
        *sealed("state_enc"),
        *moments("updated_at"),
        sa.PrimaryKeyConstraint("chat_id"),
    )
    op.create_table(
        "seen_updates",
        link("school_id", "schools"),
        *words("channel", "update_id"),
        *moments("seen_at"),
        sa.PrimaryKeyConstraint("school_id", "channel", "update_id"),
    )
    index("ix_seen_updates_seen", "seen_updates", "school_id", "seen_at")
    op.create_table(
        "inbox_items",
        key(),
        link("school_id", "schools"),
        link("payment_id", "payments", null=True),
        *words("channel", "digest", "state", "note"),
        *sealed("body_enc"),
        *numbers("copies"),
        *words("needs_person", null=True),
        *moments("received_at", "last_at"),
        sa.UniqueConstraint("school_id", "digest"),
    )
    index("ix_inbox_items_needs_person", "inbox_items", "school_id", where="needs_person IS NOT NULL")
    index("ix_inbox_items_payment_id", "inbox_items", "payment_id")


def _outgoing() -> None:
    op.create_table(
        "outbox_messages",
        key(),
        link("school_id", "schools"),
        link("chat_id", "chats"),
        *words("kind", "state", "reason"),
        *numbers("priority", "lease", "attempts"),
        *sealed("body_enc"),
        *words("dedupe_key", "slot", "message_id", null=True),
        *moments("send_at", "created_at"),
        *moments("lease_until", "sent_at", null=True),
        sa.UniqueConstraint("school_id", "dedupe_key"),
        one_of("kind", "reply", "receipt", "reminder"),
        one_of("state", "waiting", "leased", "sent", "failed", "unknown", "superseded", "dropped"),
        sa.CheckConstraint("(state = 'leased') = (lease_until IS NOT NULL)", name="lease_while_leased"),
    )
    index("ix_outbox_messages_chat_waits", "outbox_messages", "chat_id", "id", where="state = 'waiting'")
    index("ix_outbox_messages_chat_leased", "outbox_messages", "chat_id", where="state = 'leased'")
    index("ix_outbox_messages_chat_dropped", "outbox_messages", "chat_id", where="state = 'dropped'")
    index("ix_outbox_messages_due", "outbox_messages", "priority", "id", where="state = 'waiting'")
    index("ix_outbox_messages_lease", "outbox_messages", "lease_until", where="state = 'leased'")
    index("ix_outbox_messages_slot", "outbox_messages", "chat_id", "slot", "id", where="slot IS NOT NULL")


def _campaigns() -> None:
    op.create_table(
        "campaigns",
        key(),
        link("school_id", "schools"),
        link("admin_chat_id", "chats"),
        *words("intent_id", "told"),
        *moments("started_at"),
        *moments("finished_at", null=True),
        sa.UniqueConstraint("school_id", "intent_id"),
    )
    index("ix_campaigns_running", "campaigns", "school_id", where="finished_at IS NULL")
    op.create_table(
        "campaign_targets",
        key(),
        link("school_id", "schools"),
        link("campaign_id", "campaigns"),
        link("guardian_id", "guardians"),
        link("student_id", "students"),
        link("chat_id", "chats"),
        link("outbox_id", "outbox_messages", null=True),
        *words("state"),
        sa.UniqueConstraint("campaign_id", "guardian_id", "student_id"),
        one_of("state", "waiting", "queued", "skipped"),
        sa.UniqueConstraint("outbox_id"),
    )
    index("ix_campaign_targets_waiting", "campaign_targets", "campaign_id", "id", where="state = 'waiting'")


def _imports() -> None:
    op.create_table(
        "import_batches",
        link("school_id", "schools"),
        *words("id"),
        *moments("started_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("school_id"),
    )
    op.create_table(
        "import_rows",
        key(),
        link("school_id", "schools"),
        sa.Column("batch_id", sa.String, sa.ForeignKey("import_batches.id"), nullable=False),
        *words(
            "kind",
            "admission_number",
            "admission_key",
            "name",
            "class_name",
            "account_reference",
            "phone_hash",
        ),
        *sealed("phone_enc"),
        *numbers("amount_cents"),
        one_of(
            "kind",
            "new_child",
            "changed_child",
            "new_guardian",
            "renamed_guardian",
            "loss",
            "gain",
            "opening",
        ),
    )
    index("ix_import_rows_batch_id", "import_rows", "batch_id")


def _daily() -> None:
    op.create_table(
        "job_periods",
        link("school_id", "schools"),
        *words("job", "period"),
        *moments("taken_at"),
        sa.PrimaryKeyConstraint("school_id", "job", "period"),
    )
    op.create_table(
        "audit_records",
        key(),
        link("school_id", "schools"),
        *moments("at"),
        *words("actor", "action", "subject", "detail"),
    )
    index("ix_audit_records_subject", "audit_records", "school_id", "subject")
