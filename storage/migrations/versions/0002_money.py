"""Payments with their history and what concerns a person, claims, receipts, the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations.shorthand import (
    cents,
    flags,
    index,
    key,
    link,
    moments,
    numbers,
    one_of,
    sealed,
    words,
)

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = (
    "payments",
    "payment_events",
    "payment_concerns",
    "claims",
    "receipts",
    "ledger_entries",
    "ledger_lines",
)


def upgrade() -> None:
    """Makes the tables."""
    _payments()
    _payment_indexes()
    _history()
    _concerns()
    _claims()
    _receipts()
    _ledger()


def downgrade() -> None:
    """Drops them, the last one first."""
    for table in reversed(_TABLES):
        op.drop_table(table)


def _payments() -> None:
    op.create_table(
        "payments",
        key(),
        link("school_id", "schools"),
        link("chat_id", "chats"),
        link("guardian_id", "guardians", null=True),
        link("student_id", "students"),
        *words("intent_id phone_hash account_reference shortcode party_b transaction_type status", "cause"),
        *cents("amount_cents"),
        *sealed("phone_enc"),
        *words(
            "token_hash holds_phone checkout_hash merchant_request_id outcome_channel",
            "outcome_code query_failure_code",
            null=True,
        ),
        *moments("push_at", "created_at", "updated_at"),
        *moments("pushed_at lease_until blocked_until check_at query_failed_at settled_at", null=True),
        *numbers("checks", "undecided"),
        *sealed("checkout_enc", null=True),
        *numbers("retry_after_s", null=True),
        *flags("reached_mpesa"),
        sa.UniqueConstraint("school_id", "intent_id"),
        one_of("status", "queued sending requested uncertain paid failed cancelled expired reversed"),
        sa.CheckConstraint("amount_cents > 0 AND amount_cents % 100 = 0", name="amount_whole_shillings"),
        sa.CheckConstraint(
            "status NOT IN ('sending', 'requested', 'uncertain') OR pushed_at IS NOT NULL", name="pushed"
        ),
        sa.CheckConstraint(
            "holds_phone IS NULL OR status IN ('sending', 'requested', 'uncertain')",
            name="holds_phone_while_open",
        ),
        sa.UniqueConstraint("token_hash"),
        sa.UniqueConstraint("holds_phone"),
        sa.UniqueConstraint("checkout_hash"),
    )


def _payment_indexes() -> None:
    index("ix_payments_block", "payments", "blocked_until", where="holds_phone IS NOT NULL")
    index("ix_payments_chat", "payments", "chat_id", "created_at")
    index("ix_payments_due_check", "payments", "check_at", where="check_at IS NOT NULL")
    index("ix_payments_due_push", "payments", "push_at", where="status = 'queued'")
    index("ix_payments_lease", "payments", "lease_until", where="status = 'sending'")
    index("ix_payments_phone", "payments", "phone_hash", "pushed_at")
    index("ix_payments_student", "payments", "student_id", "status")


def _history() -> None:
    op.create_table(
        "payment_events",
        key(),
        link("school_id", "schools"),
        link("payment_id", "payments"),
        *words("event", "because"),
        *words("from_status", "to_status", null=True),
        *moments("at"),
        sa.UniqueConstraint("payment_id", "event"),
    )
    index(
        "uq_payment_events_to_status",
        "payment_events",
        "payment_id",
        "to_status",
        where="to_status IS NOT NULL",
        unique=True,
    )


def _concerns() -> None:
    op.create_table(
        "payment_concerns",
        key(),
        link("school_id", "schools"),
        link("payment_id", "payments"),
        *words("reason"),
        *moments("since"),
        *moments("ended_at", null=True),
        sa.UniqueConstraint("payment_id", "reason"),
    )
    index("ix_payment_concerns_open", "payment_concerns", "school_id", "since", where="ended_at IS NULL")


def _claims() -> None:
    op.create_table(
        "claims",
        key(),
        link("school_id", "schools"),
        link("chat_id", "chats"),
        link("payment_id", "payments", null=True),
        *words("code"),
        *words("needs_person", null=True),
        *moments("created_at"),
        sa.UniqueConstraint("school_id", "code", "chat_id"),
    )
    index("ix_claims_payment_id", "claims", "payment_id")
    index("ix_claims_needs_person", "claims", "school_id", where="needs_person IS NOT NULL")


def _receipts() -> None:
    op.create_table(
        "receipts",
        key(),
        link("school_id", "schools"),
        link("payment_id", "payments", null=True),
        link("reported_payment_id", "payments", null=True),
        link("student_id", "students", null=True),
        *words("number", "needs_person", null=True),
        *cents("amount_cents"),
        *moments("paid_at", "created_at"),
        *words("source", "payer_masked"),
        *flags("amount_told", "time_told"),
        sa.UniqueConstraint("school_id", "number"),
        one_of("source", "callback", "query"),
        sa.CheckConstraint("amount_cents > 0", name="amount_above_zero"),
        sa.CheckConstraint("payment_id IS NULL OR student_id IS NOT NULL", name="paid_for_a_child"),
        sa.UniqueConstraint("payment_id"),
    )
    index("ix_receipts_needs_person", "receipts", "school_id", where="needs_person IS NOT NULL")
    index("ix_receipts_reported_payment_id", "receipts", "reported_payment_id")
    index("ix_receipts_student_id", "receipts", "student_id")


def _ledger() -> None:
    op.create_table(
        "ledger_entries",
        key(),
        link("school_id", "schools"),
        *words("kind", "ref"),
        *moments("at"),
        sa.UniqueConstraint("school_id", "kind", "ref"),
    )
    op.create_table(
        "ledger_lines",
        key(),
        link("school_id", "schools"),
        link("entry_id", "ledger_entries"),
        link("student_id", "students", null=True),
        *words("account"),
        *cents("amount_cents"),
        one_of("account", "mpesa", "fees", "opening", "suspense"),
        sa.CheckConstraint("amount_cents <> 0", name="amount_not_zero"),
        sa.CheckConstraint(
            "(account IN ('fees', 'opening')) = (student_id IS NOT NULL)", name="student_where_due"
        ),
    )
    index("ix_ledger_lines_entry_id", "ledger_lines", "entry_id")
    index(
        "ix_ledger_lines_student",
        "ledger_lines",
        "student_id",
        "account",
        "amount_cents",
        where="student_id IS NOT NULL",
    )
