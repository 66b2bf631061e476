"""The receipts table and its words."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from storage.schema import Row, one_of, table_of

SECOND_RECEIPT = "second_receipt"  #: another receipt number for a payment that has one: in suspense
RECEIPT_CONFLICT = "receipt_conflict"  #: the number belongs to another payment: nothing was taken
AMOUNT_CONFLICT = "amount_conflict"  #: another amount than the one told before: the first one stands


class Source(StrEnum):
    """Who told us."""

    CALLBACK = "callback"
    QUERY = "query"


class Receipt(Row, table=True):
    """student_id null: in suspense. number null: it is to follow.

    amount_told, time_told: M-PESA said so; else amount_cents is what was asked, paid_at when we heard of it.
    reported_payment_id: for a row in suspense, the payment whose report brought it.
    """

    __tablename__: ClassVar[str] = "receipts"
    __table_args__ = (
        UniqueConstraint("school_id", "number"),
        one_of("source", Source),
        CheckConstraint("amount_cents > 0", name="amount_above_zero"),
        CheckConstraint("payment_id IS NULL OR student_id IS NOT NULL", name="paid_for_a_child"),
        Index(
            "ix_receipts_needs_person",
            "school_id",
            sqlite_where=text("needs_person IS NOT NULL"),
            postgresql_where=text("needs_person IS NOT NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    payment_id: int | None = Field(default=None, foreign_key="payments.id", unique=True)
    reported_payment_id: int | None = Field(default=None, foreign_key="payments.id", index=True)
    number: str | None = None
    amount_cents: int = Field(sa_type=BigInteger)
    amount_told: bool
    student_id: int | None = Field(default=None, foreign_key="students.id", index=True)
    paid_at: datetime
    time_told: bool
    source: str
    payer_masked: str = ""
    needs_person: str | None = None
    created_at: datetime


RECEIPTS = table_of(Receipt)
