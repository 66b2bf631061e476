"""The tables of reminders."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from storage.schema import Row, one_of, table_of


class TargetState(StrEnum):
    """What became of a target; whether its message arrived is the outbox's to say."""

    WAITING = "waiting"
    QUEUED = "queued"
    SKIPPED = "skipped"  #: paid meanwhile, or cannot be reached any more


class Campaign(Row, table=True):
    """One confirmed reminder. told: what the progress line last said, so that it is told only when it
    changes.
    """

    __tablename__: ClassVar[str] = "campaigns"
    __table_args__ = (
        UniqueConstraint("school_id", "intent_id"),
        Index(
            "ix_campaigns_running",
            "school_id",
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    intent_id: str
    admin_chat_id: int = Field(foreign_key="chats.id")
    told: str = ""
    started_at: datetime
    finished_at: datetime | None = None


class CampaignTarget(Row, table=True):
    """One guardian to be reminded of one child."""

    __tablename__: ClassVar[str] = "campaign_targets"
    __table_args__ = (
        UniqueConstraint("campaign_id", "guardian_id", "student_id"),
        one_of("state", TargetState),
        Index(
            "ix_campaign_targets_waiting",
            "campaign_id",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    campaign_id: int = Field(foreign_key="campaigns.id")
    guardian_id: int = Field(foreign_key="guardians.id")
    student_id: int = Field(foreign_key="students.id")
    chat_id: int = Field(foreign_key="chats.id")
    state: str = TargetState.WAITING
    outbox_id: int | None = Field(default=None, foreign_key="outbox_messages.id", unique=True)


CAMPAIGNS, TARGETS = table_of(Campaign), table_of(CampaignTarget)
