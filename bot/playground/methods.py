"""What the Bot API's methods do: to the queue of updates, and to what people see on their phones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.playground.faults import ApiError, SlidingWindow
from bot.playground.keyboards import inline_rows, reply_rows
from bot.playground.person import Person, ShownMessage
from bot.playground.signals import Signal
from bot.playground.updates import UpdateQueue
from bot.playground.webhook import Webhook

Json = dict[str, Any]
Method = Callable[[Json], Awaitable[Any]]

_MAX_TEXT = 4096


class BotMethods:
    """One bot, its updates, and everybody who writes to it."""

    def __init__(self, me: Json, clock: Callable[[], datetime], per_second: int, signal: Signal) -> None:
        self.me = me
        self.updates = UpdateQueue(signal)
        self.webhook = Webhook(self.updates, signal)
        self.commands: dict[str, list[Json]] = {}
        self._clock = clock
        self._window = SlidingWindow(per_second)
        self._signal = signal
        self._people: dict[int, Person] = {}
        self._sent: dict[tuple[int, int], tuple[Json, ShownMessage]] = {}
        self._queries: set[str] = set()
        self._started: set[int] = set()
        self._ids = 0
        self.table: dict[str, Method] = {
            "getme": self._get_me,
            "getupdates": self._get_updates,
            "setwebhook": self.webhook.set,
            "deletewebhook": self.webhook.delete,
            "getwebhookinfo": self.webhook.info,
            "setmycommands": self._set_my_commands,
            "getmycommands": self._get_my_commands,
            "sendmessage": self._send_message,
            "editmessagetext": self._edit_message_text,
            "answercallbackquery": self._answer_callback_query,
            "sendchataction": self._send_chat_action,
        }

    def person(self, user_id: int, first_name: str, phone: str) -> Person:
        """The person with that id, met now or before."""
        if user_id not in self._people:
            self._people[user_id] = Person(
                user_id,
                first_name,
                phone,
                send=lambda kind, content: self._happened(user_id, kind, content),
                signal=self._signal,
            )
        return self._people[user_id]

    def _happened(self, user_id: int, kind: str, content: Json) -> None:
        """Somebody did something: the update that tells the bot."""
        person = self._people[user_id]
        common: Json = {"from": person.user, "chat": person.chat, "date": self._now()}
        if kind == "message":
            self._started.add(user_id)
            self.updates.put(kind, {"message_id": self._new_id(), **common, **content})
        elif kind == "callback_query":
            query: Json = {
                "id": f"{user_id}{self._new_id():09d}",
                "from": person.user,
                "chat_instance": str(user_id),
            }
            self._queries.add(query["id"])
            message, _ = self._sent[user_id, content["message_id"]]
            self.updates.put(kind, {**query, "data": content["data"], "message": message})
        else:
            members = {
                "old_chat_member": self._member(content["before"]),
                "new_chat_member": self._member(content["after"]),
            }
            self.updates.put(kind, {**common, **members})

    def _member(self, status: str) -> Json:
        return {"user": self.me, "status": status} | ({"until_date": 0} if status == "kicked" else {})

    async def _get_me(self, _given: Json) -> Json:
        return {**self.me, "can_join_groups": False, "can_read_all_group_messages": False}

    async def _get_updates(self, given: Json) -> list[Json]:
        return await self.updates.read(
            offset=int(given.get("offset") or 0),
            limit=int(given.get("limit") or 100),
            wait_s=float(given.get("timeout") or 0),
            allowed=given.get("allowed_updates"),
        )

    async def _set_my_commands(self, given: Json) -> bool:
        self.commands[str(given.get("language_code") or "")] = list(given["commands"])
        return True

    async def _get_my_commands(self, given: Json) -> list[Json]:
        return self.commands.get(str(given.get("language_code") or ""), [])

    async def _send_message(self, given: Json) -> Json:
        self._window.enter(self._clock().timestamp())
        person = self._reachable(given)
        text, markup = _text_of(given), given.get("reply_markup") or {}
        shown = ShownMessage(self._new_id(), str(self.me["first_name"]), text)
        if "keyboard" in markup:
            shown.rows, shown.inline = reply_rows(markup), False
            person.phone.keyboard = shown.buttons
        elif markup.get("remove_keyboard"):
            shown.inline, person.phone.keyboard = False, ()
        else:
            shown.rows = inline_rows(markup)
        message = self._message(shown, person, markup)
        self._sent[person.user_id, shown.id] = message, shown
        person.phone.shown.append(shown)
        person.phone.news.append(replace(shown))
        return message

    async def _edit_message_text(self, given: Json) -> Json:
        self._window.enter(self._clock().timestamp())
        person = self._reachable(given)
        message_id, text, markup = int(given["message_id"]), _text_of(given), given.get("reply_markup") or {}
        if (person.user_id, message_id) not in self._sent:
            raise ApiError(400, "Bad Request: message to edit not found")
        _, shown = self._sent[person.user_id, message_id]
        if not shown.inline or "keyboard" in markup:
            raise ApiError(400, "Bad Request: message can't be edited")
        rows = inline_rows(markup)
        if (text, rows) == (shown.text, shown.rows):
            raise ApiError(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are "
                "exactly the same as a current content and reply markup of the message",
            )
        shown.text, shown.rows, shown.edits = text, rows, shown.edits + 1
        message = self._message(shown, person, markup) | {"edit_date": self._now()}
        self._sent[person.user_id, message_id] = message, shown
        person.phone.news.append(replace(shown))
        return message

    async def _answer_callback_query(self, given: Json) -> bool:
        try:
            self._queries.remove(str(given.get("callback_query_id")))
        except KeyError:
            raise ApiError(
                400,
                "Bad Request: query is too old and response timeout expired or query ID is invalid",
            ) from None
        return True

    async def _send_chat_action(self, given: Json) -> bool:
        self._reachable(given)
        return True

    def _reachable(self, given: Json) -> Person:
        try:
            person = self._people[int(given["chat_id"])]
        except (KeyError, ValueError):
            raise ApiError(400, "Bad Request: chat not found") from None
        if person.blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if person.user_id not in self._started:
            raise ApiError(403, "Forbidden: bot can't initiate conversation with a user")
        return person

    def _message(self, shown: ShownMessage, person: Person, markup: Json) -> Json:
        message = {
            "message_id": shown.id,
            "from": self.me,
            "chat": person.chat,
            "date": self._now(),
            "text": shown.text,
        }
        return message | ({"reply_markup": markup} if shown.rows and shown.inline else {})

    def _new_id(self) -> int:
        self._ids += 1
        return self._ids

    def _now(self) -> int:
        return int(self._clock().timestamp())


def _text_of(given: Json) -> str:
    text = str(given.get("text") or "").strip()
    if not text:
        raise ApiError(400, "Bad Request: message text is empty")
    if len(text.encode("utf-16-le")) // 2 > _MAX_TEXT:
        raise ApiError(400, "Bad Request: message is too long")
    return text
