"""The first house: schools, their key, their people, chats and staff."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations.shorthand import (
    index,
    key,
    link,
    moments,
    one_of,
    sealed,
    words,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "schools",
    "data_keys",
    "students",
    "guardians",
    "guardianships",
    "chats",
    "staff_members",
    "staff_invites",
)


def upgrade() -> None:
    """Makes the tables."""
    _schools()
    _people()
    _chats()
    _staff()


def downgrade() -> None:
    """Drops them, the last one first."""
    for table in reversed(_TABLES):
        op.drop_table(table)


def _schools() -> None:
    op.create_table("schools", key(), *words("name", "contact"), *moments("created_at"))
    op.create_table("data_keys", key(), *sealed("wrapped"), *moments("created_at"))


def _people() -> None:
    op.create_table(
        "students",
        key(),
        link("school_id", "schools"),
        *words("admission_number", "admission_key", "name", "class_name", "account_reference"),
        *moments("created_at", "updated_at"),
        sa.UniqueConstraint("school_id", "admission_key"),
        sa.UniqueConstraint("school_id", "account_reference"),
    )
    op.create_table(
        "guardians",
        key(),
        link("school_id", "schools"),
        *words("name", "phone_hash"),
        *sealed("phone_enc"),
        *moments("created_at", "updated_at"),
        sa.UniqueConstraint("school_id", "phone_hash"),
    )
    op.create_table(
        "guardianships",
        key(),
        link("school_id", "schools"),
        link("guardian_id", "guardians"),
        link("student_id", "students"),
        *moments("created_at"),
        sa.UniqueConstraint("guardian_id", "student_id"),
    )
    index("ix_guardianships_student_id", "guardianships", "student_id")


def _chats() -> None:
    op.create_table(
        "chats",
        key(),
        link("school_id", "schools"),
        link("guardian_id", "guardians", null=True),
        *words("channel", "address"),
        *words("language", null=True),
        *moments("linked_at", "blocked_at", null=True),
        *moments("created_at"),
        sa.UniqueConstraint("school_id", "channel", "address"),
    )
    index("ix_chats_guardian_id", "chats", "guardian_id")
    index("ix_chats_blocked", "chats", "id", where="blocked_at IS NOT NULL")


def _staff() -> None:
    op.create_table(
        "staff_members",
        key(),
        link("school_id", "schools"),
        link("chat_id", "chats", null=True),
        *words("name", "role"),
        *moments("created_at"),
        *moments("removed_at", null=True),
        one_of("role", "staff", "admin"),
    )
    index("ix_staff_members_school_id", "staff_members", "school_id")
    index(
        "uq_staff_members_chat_id_present",
        "staff_members",
        "chat_id",
        where="chat_id IS NOT NULL AND removed_at IS NULL",
        unique=True,
    )
    op.create_table(
        "staff_invites",
        key(),
        link("school_id", "schools"),
        link("staff_id", "staff_members"),
        link("used_by_chat_id", "chats", null=True),
        *words("code_hash"),
        *moments("expires_at", "created_at"),
        *moments("used_at", null=True),
        sa.UniqueConstraint("code_hash"),
    )
    index("ix_staff_invites_staff_id", "staff_invites", "staff_id")
