"""A person with a phone: what it shows, and what its owner does to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.playground.signals import Signal

Json = dict[str, Any]
WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Button:
    """label as shown; key: the callback data ("" on a keyboard); contact: it shares the number."""

    label: str
    key: str = ""
    contact: bool = False


@dataclass(slots=True)
class ShownMessage:
    """One message on the phone, as it looks now. rows: its inline buttons, or the keyboard it brought."""

    id: int
    who: str
    text: str
    rows: tuple[tuple[Button, ...], ...] = ()
    inline: bool = True
    edits: int = 0

    @property
    def buttons(self) -> tuple[Button, ...]:
        """All buttons in reading order."""
        return tuple(button for row in self.rows for button in row)

    @property
    def labels(self) -> tuple[str, ...]:
        """What the buttons say."""
        return tuple(button.label for button in self.buttons)


@dataclass(slots=True)
class Phone:
    """The chat with the bot on one person's phone."""

    shown: list[ShownMessage] = field(default_factory=list)
    keyboard: tuple[Button, ...] = ()
    news: list[ShownMessage] = field(default_factory=list)  # every arrival and every edit, in order


class Person:
    """Somebody who writes to the bot. Everything is done as the Telegram app would do it."""

    def __init__(
        self, user_id: int, first_name: str, phone: str, *, send: Callable[[str, Json], None], signal: Signal
    ) -> None:
        """send: takes (kind of update, its content). signal: rung when the phone may have changed."""
        self.user_id = user_id
        self.first_name = first_name
        self.phone_number = phone
        self.phone = Phone()
        self.blocked = False
        self._send = send
        self._signal = signal
        self._read = 0  # of the phone's news
        self._since = 0  # the news when this person last did something

    @property
    def user(self) -> Json:
        """As Telegram describes the person."""
        return {
            "id": self.user_id,
            "is_bot": False,
            "first_name": self.first_name,
            "language_code": "en",
        }

    @property
    def chat(self) -> Json:
        """As Telegram describes the private chat; its id is the person's."""
        return {"id": self.user_id, "first_name": self.first_name, "type": "private"}

    @property
    def messages(self) -> list[ShownMessage]:
        """The bot's messages as they look now, oldest first."""
        return [message for message in self.phone.shown if message.who != self.first_name]

    def transcript(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """(who, text, labels of buttons), oldest first; a tap reads `[label]`."""
        return [(message.who, message.text, message.labels) for message in self.phone.shown]

    def say(self, text: str) -> None:
        """Write a message, a command, anything."""
        self._did(text)
        self._send("message", {"text": text, **_command_entity(text)})

    def send_sticker(self) -> None:
        """Something without words."""
        self._did("(a sticker)")
        sticker = {
            "file_id": "sticker",
            "file_unique_id": "sticker",
            "type": "regular",
            "width": 512,
            "height": 512,
            "is_animated": False,
            "is_video": False,
        }
        self._send("message", {"sticker": sticker})

    def share_contact(
        self, phone: str | None = None, user_id: int | None = None, *, forwarded: bool = False
    ) -> None:
        """Share a contact card: one's own, or one with another phone or user id (0: a card without one)."""
        contact: Json = {"phone_number": phone or self.phone_number, "first_name": self.first_name}
        if user_id != 0:
            contact["user_id"] = user_id or self.user_id
        content: Json = {"contact": contact}
        if forwarded:
            content["forward_origin"] = {"type": "user", "date": 1767225600, "sender_user": self.user}
        self._did("(a contact card)")
        self._send("message", content)

    def tap(self, label_or_key: str) -> None:
        """Tap the best fitting button of the newest message that has one, else of the keyboard.

        Raises LookupError, which tells what the phone shows.
        """
        for message in reversed(self.messages):
            if message.inline and (button := _best(label_or_key, message.buttons)):
                self._tap(message, button)
                return
        button = _best(label_or_key, self.phone.keyboard)
        if button is None:
            raise LookupError(f"no button {label_or_key!r} on this phone:\n{self._described()}")
        if button.contact:
            self.share_contact()
        else:
            self.say(button.label)

    async def press(self, label_or_key: str, timeout_s: float = WAIT_S) -> None:
        """Wait for a button that came since this person last acted, and tap it. Raises TimeoutError."""
        self._read = self._since
        message = await self._news(
            f"button {label_or_key!r}",
            lambda news: bool(news.inline and _best(label_or_key, news.buttons)),
            timeout_s,
        )
        button = _best(label_or_key, message.buttons)
        assert button is not None
        self._tap(message, button)

    def tap_button(self, message_id: int, index: int) -> None:
        """Tap one button of one message, be it old; index counts all its buttons from 0."""
        message = next(message for message in self.messages if message.id == message_id)
        self._tap(message, message.buttons[index])

    def block(self) -> None:
        """Block the bot."""
        self._change_membership("member", "kicked")

    def unblock(self) -> None:
        """Let the bot write again."""
        self._change_membership("kicked", "member")

    async def next_message(self, timeout_s: float = WAIT_S) -> ShownMessage:
        """The next message or edit of the bot that was not read yet. Raises TimeoutError."""
        return await self._news("message", lambda _: True, timeout_s)

    async def wait_for(self, text: str, timeout_s: float = WAIT_S) -> ShownMessage:
        """The first arrival or edit with `text` in it since this person last acted. Raises TimeoutError."""
        self._read = self._since
        return await self._news(f"message with {text!r}", lambda message: text in message.text, timeout_s)

    async def _news(self, what: str, fits: Callable[[ShownMessage], bool], timeout_s: float) -> ShownMessage:
        found: list[ShownMessage] = []

        def look() -> bool:
            while self._read < len(self.phone.news) and not found:
                found.extend(filter(fits, self.phone.news[self._read : self._read + 1]))
                self._read += 1
            return bool(found)

        try:
            await self._signal.until(look, timeout_s)
        except TimeoutError:
            raise TimeoutError(f"no {what} in {timeout_s:g} s; this phone:\n{self._described()}") from None
        return found[0]

    def _tap(self, message: ShownMessage, button: Button) -> None:
        self._did(f"[{button.label}]")
        self._send("callback_query", {"data": button.key, "message_id": message.id})

    def _change_membership(self, before: str, after: str) -> None:
        self.blocked = after == "kicked"
        self._send("my_chat_member", {"before": before, "after": after})

    def _did(self, text: str) -> None:
        self.phone.shown.append(ShownMessage(0, self.first_name, text))
        self._since = len(self.phone.news)

    def _described(self) -> str:
        return "\n".join(f"{who}: {text}  {' '.join(labels)}" for who, text, labels in self.transcript()[-6:])


def _best(wanted: str, buttons: tuple[Button, ...]) -> Button | None:
    """By its key, by its label, by a part of its label, by a part of its key, in this order."""
    text = wanted.casefold()
    matches: tuple[Callable[[Button], bool], ...] = (
        lambda button: button.key.partition(":")[2] == wanted,
        lambda button: _without_number(button.label).casefold() == text,
        lambda button: text in button.label.casefold(),
        lambda button: wanted in button.key.partition(":")[2],
    )
    return next((button for fits in matches for button in buttons if fits(button)), None)


def _without_number(label: str) -> str:
    number, dot, words = label.partition(". ")
    return words if dot and number.isdigit() else label


def _command_entity(text: str) -> Json:
    if not text.startswith("/"):
        return {}
    return {"entities": [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]}
