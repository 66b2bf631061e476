"""What parents say: "this M-PESA code is mine". A claim fills no receipt and moves no status."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Index, UniqueConstraint, and_, or_, text, update
from sqlmodel import Field, col, select

from storage.payment_rows import Payment
from storage.schema import Row, table_of
from storage.unit import Unit, insert_once


class Claim(Row, table=True):
    """A code typed or pasted in a chat. payment_id: the payment it was typed for, if any.

    needs_person: why it waits for a person; null once M-PESA's report or a person has settled it.
    """

    __tablename__: ClassVar[str] = "claims"
    __table_args__ = (
        UniqueConstraint("school_id", "code", "chat_id"),
        Index(
            "ix_claims_needs_person",
            "school_id",
            sqlite_where=text("needs_person IS NOT NULL"),
            postgresql_where=text("needs_person IS NOT NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    code: str
    chat_id: int = Field(foreign_key="chats.id")
    payment_id: int | None = Field(default=None, foreign_key="payments.id", index=True)
    needs_person: str | None = None
    created_at: datetime


CLAIMS = table_of(Claim)
CLAIMED = "claimed"  #: the reason for which a claim waits for a person


def add_claim(
    unit: Unit, *, school_id: int, chat_id: int, code: str, payment_id: int | None, now: datetime
) -> int | None:
    """Keeps the claim, for a person to look into; its id. code: in capitals. None: this chat claimed it before."""
    values = {
        "school_id": school_id, "code": code, "chat_id": chat_id, "payment_id": payment_id, "created_at": now,
        "needs_person": CLAIMED,
    }  # fmt: skip
    return insert_once(unit, CLAIMS, values, ("school_id", "code", "chat_id"))


def confirm(unit: Unit, payment: Payment, code: str) -> None:
    """M-PESA's own report brought this code for this payment: nobody needs to look into its claims any more.

    Those that name another payment, or come from another chat and name none, stay on the desk.
    """
    from_its_chat = and_(CLAIMS.c.payment_id.is_(None), CLAIMS.c.chat_id == payment.chat_id)
    unit.core.execute(
        update(CLAIMS)
        .where(
            CLAIMS.c.school_id == payment.school_id,
            CLAIMS.c.code == code,
            or_(CLAIMS.c.payment_id == payment.id, from_its_chat),
        )
        .values(needs_person=None)
    )


def find_claim(unit: Unit, school_id: int, code: str) -> Claim | None:
    """The first claim of that code, one that names a payment before one that names none."""
    return unit.session.exec(
        select(Claim)
        .where(Claim.school_id == school_id, Claim.code == code)
        .order_by(col(Claim.payment_id).is_(None), col(Claim.id))
        .limit(1)
    ).first()


def claimed_code(unit: Unit, payment_id: int) -> str | None:
    """The last code that was claimed for the payment."""
    return unit.session.exec(
        select(Claim.code).where(Claim.payment_id == payment_id).order_by(col(Claim.id).desc()).limit(1)
    ).first()
