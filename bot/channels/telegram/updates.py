"""Telegram's updates as the conversation's events. Private chats only."""

from __future__ import annotations

import re
from typing import Any

from telegram import Chat, ChatMember, Message, Update

from bot.dialogue.events import Command, Event, SharedContact, Tapped, Typed, Unreadable
from bot.services.incoming import Arrived, Incoming

CHANNEL = "telegram"

#: What we ask Telegram for; it sends nothing else.
ALLOWED_UPDATES = ("message", "callback_query", "my_chat_member")

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@\w+)?(?:\s+(.*))?", re.DOTALL)
_BUTTON = re.compile(r"(n|[0-9]{1,9}):(.+)", re.DOTALL)


def read_update(raw: dict[str, Any]) -> Arrived:
    """An update as Telegram wrote it, with its `update_id`. One that cannot be read stands in nobody's order."""
    update_id = str(raw["update_id"])
    try:
        update = Update.de_json(raw, None)
        change = membership(update)
        return Arrived(
            CHANNEL,
            update_id,
            str(chat_key(update)),
            incoming=to_incoming(update),
            blocked=None if change is None else change[1],
            button=update.callback_query.id if update.callback_query else "",
        )
    except Exception as error:
        return Arrived(CHANNEL, update_id, f"-{update_id}", unreadable=type(error).__name__)


def to_incoming(update: Update) -> Incoming | None:
    """What a person did in a private chat; None for groups, channels, bots and other kinds of update."""
    chat = _chat_of(update)
    event = _event_of(update)
    if chat is None or event is None or chat.type != Chat.PRIVATE:
        return None
    return Incoming(CHANNEL, str(chat.id), str(update.update_id), event)


def membership(update: Update) -> tuple[str, bool] | None:
    """(address, blocked) when a person blocked the bot or came back; None for anything else."""
    change = update.my_chat_member
    if change is None or change.chat.type != Chat.PRIVATE:
        return None
    return str(change.chat.id), change.new_chat_member.status in (ChatMember.BANNED, ChatMember.LEFT)


def chat_key(update: Update) -> int:
    """What must stay in order: the chat's id, or the update's own where there is no chat."""
    chat = update.my_chat_member.chat if update.my_chat_member else _chat_of(update)
    return chat.id if chat else -update.update_id


def _chat_of(update: Update) -> Chat | None:
    if update.message:
        return update.message.chat
    if update.callback_query and update.callback_query.message:
        return update.callback_query.message.chat
    return None


def _event_of(update: Update) -> Event | None:
    if update.callback_query:
        return _tapped(update.callback_query.data or "")
    message = update.message
    if message is None or message.from_user is None or message.from_user.is_bot:
        return None
    if message.contact:
        return SharedContact(message.contact.phone_number, _is_own_contact(message))
    return _written(message.text) if message.text else Unreadable()


def _tapped(data: str) -> Event:
    found = _BUTTON.fullmatch(data)
    if not found:
        return Unreadable()
    return Tapped(found[2], None if found[1] == "n" else int(found[1]))


def _written(text: str) -> Event:
    found = _COMMAND.fullmatch(text.strip())
    if not found:
        return Typed(text)
    return Command(found[1].lower(), (found[2] or "").strip())


def _is_own_contact(message: Message) -> bool:
    """Telegram's server sets a card's user id; a card that came by way of anyone else proves nothing."""
    contact, sender = message.contact, message.from_user
    if contact is None or sender is None or contact.user_id is None:
        return False
    direct = message.forward_origin is None and message.via_bot is None
    return direct and contact.user_id == sender.id
