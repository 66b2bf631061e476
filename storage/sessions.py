"""Where each conversation stands. The state holds phones, so it is encrypted whole.

Whoever loads it in order to save it again takes `chats.lock_chat` first: a chat has its row before it has a session.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import select
from sqlmodel import Field

from storage.chats import Chat
from storage.schema import Row, table_of
from storage.unit import Unit, insert_once


class DialogueSession(Row, table=True):
    """One row a chat."""

    __tablename__: ClassVar[str] = "dialogue_sessions"

    chat_id: int = Field(primary_key=True, foreign_key="chats.id")
    school_id: int = Field(foreign_key="schools.id")
    state_enc: bytes = Field(repr=False)
    updated_at: datetime


SESSIONS = table_of(DialogueSession)


def load(unit: Unit, chat_id: int) -> dict[str, Any] | None:
    """The state as it was saved; None for a new chat."""
    sealed = unit.core.execute(
        select(SESSIONS.c.state_enc).where(SESSIONS.c.chat_id == chat_id)
    ).scalar_one_or_none()
    return None if sealed is None else json.loads(unit.vault.open(sealed))


def save(unit: Unit, chat: Chat, state: Mapping[str, Any], now: datetime) -> None:
    """Keeps the state: plain JSON values only."""
    sealed = unit.vault.seal(json.dumps(dict(state)))
    values = {"chat_id": chat.id, "school_id": chat.school_id, "state_enc": sealed, "updated_at": now}
    if insert_once(unit, SESSIONS, values, ("chat_id",)) is None:
        unit.core.execute(
            SESSIONS.update().where(SESSIONS.c.chat_id == chat.id).values(state_enc=sealed, updated_at=now)
        )
