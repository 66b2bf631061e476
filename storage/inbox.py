"""What came in from M-PESA, as it came: kept before it is understood, encrypted, each body once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Index, UniqueConstraint, select, text, update
from sqlmodel import Field

from storage.schema import Row, table_of
from storage.unit import Unit, insert_once


class InboxItem(Row, table=True):
    """state: new, then what became of it. copies: how often the same body came for the same payment."""

    __tablename__: ClassVar[str] = "inbox_items"
    __table_args__ = (
        UniqueConstraint("school_id", "digest"),
        Index(
            "ix_inbox_items_needs_person",
            "school_id",
            sqlite_where=text("needs_person IS NOT NULL"),
            postgresql_where=text("needs_person IS NOT NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    channel: str
    payment_id: int | None = Field(default=None, foreign_key="payments.id", index=True)
    body_enc: bytes = Field(repr=False)
    digest: str = Field(repr=False)
    copies: int = 1
    state: str = "new"
    note: str = ""
    needs_person: str | None = None
    received_at: datetime
    last_at: datetime


ITEMS = table_of(InboxItem)


@dataclass(frozen=True, slots=True)
class Kept:
    """is_new False: the same body came for the same payment before; note: what became of it then."""

    id: int
    is_new: bool
    note: str = ""


def keep(
    unit: Unit, *, school_id: int, channel: str, body: bytes, payment_id: int | None, now: datetime
) -> Kept:
    """Keeps a body as it came; a repeat is counted on the first one."""
    digest = unit.vault.hash(f"inbox {channel} {payment_id or '-'}", body)
    values = {
        "school_id": school_id,
        "channel": channel,
        "payment_id": payment_id,
        "body_enc": unit.vault.seal(body),
        "digest": digest,
        "copies": 1,
        "state": "new",
        "note": "",
        "received_at": now,
        "last_at": now,
    }
    new_id = insert_once(unit, ITEMS, values, ("school_id", "digest"))
    if new_id is not None:
        return Kept(new_id, is_new=True)
    again = (
        update(ITEMS)
        .where(ITEMS.c.school_id == school_id, ITEMS.c.digest == digest)
        .values(copies=ITEMS.c.copies + 1, last_at=now)
        .returning(ITEMS.c.id, ITEMS.c.note)
    )
    first = unit.core.execute(again).one()
    return Kept(first.id, is_new=False, note=first.note)


def mark(unit: Unit, item_id: int, state: str, note: str = "", *, needs_person: bool = False) -> None:
    """What became of it. note: a code or a reason key, no personal data; with needs_person it waits for a
    person.
    """
    reason = (note or state) if needs_person else None
    unit.core.execute(
        update(ITEMS).where(ITEMS.c.id == item_id).values(state=state, note=note, needs_person=reason)
    )


def body_of(unit: Unit, item_id: int) -> bytes:
    """The body as it came. Raises LookupError for an unknown id."""
    sealed = unit.core.execute(select(ITEMS.c.body_enc).where(ITEMS.c.id == item_id)).scalar_one_or_none()
    if sealed is None:
        raise LookupError(f"There is no inbox item {item_id}.")
    return unit.vault.open(sealed)
