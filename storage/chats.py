"""Chats: one person at one address of one channel, perhaps tied to a guardian."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Index, UniqueConstraint, text, update
from sqlmodel import Field, col, select

from storage.schema import Row, table_of
from storage.unit import Unit, insert_once


class Chat(Row, table=True):
    """address: what the channel calls it (Telegram: the chat id). blocked_at: nothing can be sent there
    since.
    """

    __tablename__: ClassVar[str] = "chats"
    __table_args__ = (
        UniqueConstraint("school_id", "channel", "address"),
        Index(
            "ix_chats_blocked",
            "id",
            sqlite_where=text("blocked_at IS NOT NULL"),
            postgresql_where=text("blocked_at IS NOT NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    channel: str
    address: str
    language: str | None = None
    guardian_id: int | None = Field(default=None, foreign_key="guardians.id", index=True)
    linked_at: datetime | None = None
    blocked_at: datetime | None = None
    created_at: datetime


def open_chat(unit: Unit, *, school_id: int, channel: str, address: str, now: datetime) -> Chat:
    """The chat at that address, made when it is new."""
    values = {"school_id": school_id, "channel": channel, "address": address, "created_at": now}
    chat = chat_at(unit, school_id, channel, address)
    if chat is None:
        insert_once(unit, table_of(Chat), values)
        chat = chat_at(unit, school_id, channel, address)
    assert chat is not None
    return chat


def chat_at(unit: Unit, school_id: int, channel: str, address: str) -> Chat | None:
    """The chat at that address."""
    return unit.session.exec(
        select(Chat).where(Chat.school_id == school_id, Chat.channel == channel, Chat.address == address)
    ).first()


def get_chat(unit: Unit, chat_id: int) -> Chat:
    """A chat by id. Raises sqlalchemy.exc.NoResultFound for an unknown one."""
    return unit.session.get_one(Chat, chat_id)


def lock_chat(unit: Unit, chat_id: int) -> Chat:
    """The chat as it is now. On PostgreSQL its row stays locked until the unit ends: nobody else takes a step
    of its conversation meanwhile, while rows that only refer to it may still be written.

    Raises sqlalchemy.exc.NoResultFound for an unknown one. Not for units that only read.
    """
    statement = select(Chat).where(Chat.id == chat_id).with_for_update(key_share=True)
    return unit.session.exec(statement, execution_options={"populate_existing": True}).one()


def set_language(unit: Unit, chat_id: int, language: str) -> None:
    """Remembers the language: en or sw."""
    _change(unit, chat_id, language=language)


def link(unit: Unit, *, chat_id: int, guardian_id: int, now: datetime) -> None:
    """Ties the chat to the guardian whose own contact was shared in it."""
    _change(unit, chat_id, guardian_id=guardian_id, linked_at=now)


def block_chat(unit: Unit, chat_id: int, now: datetime) -> None:
    """Nothing can be sent there: the person blocked the bot, or the chat is gone."""
    _change(unit, chat_id, blocked_at=now)


def unblock_chat(unit: Unit, chat_id: int) -> None:
    """The person is back."""
    _change(unit, chat_id, blocked_at=None)


def _change(unit: Unit, chat_id: int, **values: object) -> None:
    chat = unit.session.get(Chat, chat_id)
    unit.core.execute(update(table_of(Chat)).where(col(Chat.id) == chat_id).values(**values))
    if chat is not None:
        unit.session.refresh(chat)
