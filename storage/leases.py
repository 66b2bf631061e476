"""Who does what only one process may do, and until when: the sender, long polling, asking for a token.

A holder that is not heard of before its lease ends is replaced. `fence` grows with each new holder.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlmodel import Field

from storage.schema import Row, table_of


class Lease(Row, table=True):
    """holder: a process's own name. until: aware UTC, by the database's clock where there is one."""

    __tablename__: ClassVar[str] = "leases"

    school_id: int = Field(primary_key=True, foreign_key="schools.id")
    name: str = Field(primary_key=True)
    holder: str
    fence: int
    taken_at: datetime
    until: datetime


LEASES = table_of(Lease)
