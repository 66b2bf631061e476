"""The processes that run, and when each was last seen doing what: each writes its own row alone."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlmodel import Field

from storage.schema import Row, table_of


class Process(Row, table=True):
    """name: host, process id and a random part. kind: run, web or worker. *_at: when it last took such a thing."""

    __tablename__: ClassVar[str] = "processes"

    name: str = Field(primary_key=True)
    school_id: int = Field(foreign_key="schools.id", index=True)
    kind: str
    started_at: datetime
    seen_at: datetime
    callback_at: datetime | None = None
    query_at: datetime | None = None
    update_at: datetime | None = None


PROCESSES = table_of(Process)
