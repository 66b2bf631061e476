"""The payments table."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from storage.payment_state import PaymentStatus
from storage.schema import Row, StatusColumn, one_of, table_of


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Payment(Row, table=True):
    """One attempt to pay for one child from one phone. amount_cents: a whole number of shillings, above zero.

    holds_phone: the phone's hash while a prompt may be open there. blocked_until: no second prompt to it
    before. reached_mpesa: False as long as, or when, surely nothing was sent. query_failed_at: when the last
    query failure that counts was seen. Why it waits for a person: storage.payment_concerns.
    """

    __tablename__: ClassVar[str] = "payments"
    __table_args__ = (
        UniqueConstraint("school_id", "intent_id"),
        one_of("status", PaymentStatus),
        CheckConstraint("amount_cents > 0 AND amount_cents % 100 = 0", name="amount_whole_shillings"),
        CheckConstraint(
            "status NOT IN ('sending', 'requested', 'uncertain') OR pushed_at IS NOT NULL", name="pushed"
        ),
        CheckConstraint(
            "holds_phone IS NULL OR status IN ('sending', 'requested', 'uncertain')",
            name="holds_phone_while_open",
        ),
        Index("ix_payments_due_push", "push_at", **_where("status = 'queued'")),
        Index("ix_payments_lease", "lease_until", **_where("status = 'sending'")),
        Index("ix_payments_due_check", "check_at", **_where("check_at IS NOT NULL")),
        Index("ix_payments_block", "blocked_until", **_where("holds_phone IS NOT NULL")),
        Index("ix_payments_chat", "chat_id", "created_at"),
        Index("ix_payments_student", "student_id", "status"),
        Index("ix_payments_phone", "phone_hash", "pushed_at"),
        Index("ix_payments_pushed", "school_id", "pushed_at", **_where("pushed_at IS NOT NULL")),
        Index("ix_payments_settled", "school_id", "settled_at", **_where("settled_at IS NOT NULL")),
    )

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    intent_id: str
    chat_id: int = Field(foreign_key="chats.id")
    guardian_id: int | None = Field(default=None, foreign_key="guardians.id")
    student_id: int = Field(foreign_key="students.id")
    amount_cents: int = Field(sa_type=BigInteger)
    phone_enc: bytes = Field(repr=False)
    phone_hash: str = Field(repr=False)
    account_reference: str
    shortcode: str
    party_b: str
    transaction_type: str
    status: PaymentStatus = Field(default=PaymentStatus.QUEUED, sa_type=StatusColumn)
    token_hash: str | None = Field(default=None, unique=True, repr=False)
    holds_phone: str | None = Field(default=None, unique=True, repr=False)
    push_at: datetime
    pushed_at: datetime | None = None
    lease_until: datetime | None = None
    blocked_until: datetime | None = None
    check_at: datetime | None = None
    checks: int = 0
    checkout_hash: str | None = Field(default=None, unique=True, repr=False)
    checkout_enc: bytes | None = Field(default=None, repr=False)
    merchant_request_id: str | None = None
    cause: str = ""
    outcome_channel: str | None = None
    outcome_code: str | None = None
    retry_after_s: int | None = None
    reached_mpesa: bool = False
    query_failure_code: str | None = None
    query_failed_at: datetime | None = None
    undecided: int = 0
    settled_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


PAYMENTS = table_of(Payment)
