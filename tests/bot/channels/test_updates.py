"""Telegram's updates as events: what counts as one's own number, and what is nobody's business."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import Update

from bot.channels.telegram.updates import chat_key, membership, to_incoming
from bot.dialogue.events import Command, Event, SharedContact, Tapped, Typed, Unreadable
from bot.services.incoming import Incoming

AMINA = {"id": 41, "is_bot": False, "first_name": "Amina"}
CHAT = {"id": 41, "type": "private", "first_name": "Amina"}
GROUP = {"id": -100, "type": "supergroup", "title": "Parents"}


def update(**content: Any) -> Update:
    return Update.de_json({"update_id": 9, **content}, None)


def message(**content: Any) -> Update:
    return update(message={"message_id": 1, "date": 1_800_000_000, "chat": CHAT, "from": AMINA} | content)


def tapped(data: str | None, chat: dict[str, Any] = CHAT) -> Update:
    shown = {"message_id": 5, "date": 1_800_000_000, "chat": chat, "text": "Chagua"}
    query = {"id": "1", "from": AMINA, "chat_instance": "1", "message": shown}
    return update(callback_query=query | ({} if data is None else {"data": data}))


def event_of(given: Update) -> Event | None:
    incoming = to_incoming(given)
    return incoming.event if incoming else None


def test_a_message_says_where_it_came_from() -> None:
    assert to_incoming(message(text="1500")) == Incoming("telegram", "41", "9", Typed("1500"))


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("/start", Command("start")),
        ("/start  AB12cd ", Command("start", "AB12cd")),
        ("/PAY", Command("pay")),
        ("/pay@KaroBot", Command("pay")),
        ("/receipt@KaroBot slc7 rkdup1", Command("receipt", "slc7 rkdup1")),
        ("/receipt\nSLC7RKDUP1 Confirmed.\nKsh1,500", Command("receipt", "SLC7RKDUP1 Confirmed.\nKsh1,500")),
        ("/", Typed("/")),
        ("1500/=", Typed("1500/=")),
        ("lipa /pay", Typed("lipa /pay")),
    ],
)
def test_commands_with_or_without_the_bots_name(text: str, event: Event) -> None:
    assert event_of(message(text=text)) == event


def card(phone: str = "254700000041", **rest: Any) -> dict[str, Any]:
    return {"phone_number": phone, "first_name": "Amina", **rest}


def test_the_senders_own_card_is_believed() -> None:
    assert event_of(message(contact=card(user_id=41))) == SharedContact("254700000041", own=True)


@pytest.mark.parametrize(
    ("contact", "rest"),
    [
        (card(user_id=99), {}),
        (card(), {}),
        (card(user_id=41), {"forward_origin": {"type": "user", "date": 1_800_000_000, "sender_user": AMINA}}),
        (
            card(user_id=41),
            {"forward_origin": {"type": "hidden_user", "date": 1_800_000_000, "sender_user_name": "Amina"}},
        ),
        (card(user_id=41), {"via_bot": {"id": 7, "is_bot": True, "first_name": "Cards"}}),
    ],
    ids=["anothers", "without a user id", "forwarded", "forwarded by a hidden user", "by way of a bot"],
)
def test_any_other_card_is_not(contact: dict[str, Any], rest: dict[str, Any]) -> None:
    assert event_of(message(contact=contact, **rest)) == SharedContact("254700000041", own=False)


@pytest.mark.parametrize(
    ("data", "event"),
    [
        ("12:child:3", Tapped("child:3", 12)),
        ("0:en", Tapped("en", 0)),
        ("n:again:17", Tapped("again:17", None)),
        ("pay", Unreadable()),
        ("x:pay", Unreadable()),
        ("-1:pay", Unreadable()),
        ("7:", Unreadable()),
        (None, Unreadable()),
    ],
)
def test_taps_carry_their_screens_version(data: str | None, event: Event) -> None:
    assert event_of(tapped(data)) == event


def test_a_tap_on_a_message_that_is_too_old_to_see_still_counts() -> None:
    query = {
        "id": "1",
        "from": AMINA,
        "chat_instance": "1",
        "data": "3:pay",
        "message": {"chat": CHAT, "message_id": 5, "date": 0},
    }
    assert event_of(update(callback_query=query)) == Tapped("pay", 3)


def test_what_has_no_words_is_unreadable() -> None:
    sticker = {
        "file_id": "a",
        "file_unique_id": "b",
        "type": "regular",
        "width": 1,
        "height": 1,
        "is_animated": False,
        "is_video": False,
    }
    assert event_of(message(sticker=sticker)) == Unreadable()
    photo = {"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}
    assert event_of(message(photo=[photo], caption="my receipt")) == Unreadable()


@pytest.mark.parametrize(
    "elsewhere",
    [
        message(text="/start", chat=GROUP),
        message(contact=card(user_id=41), chat=GROUP),
        message(text="hi", **{"from": {"id": 7, "is_bot": True, "first_name": "A bot"}}),
        tapped("3:pay", GROUP),
        update(
            edited_message={"message_id": 1, "date": 1_800_000_000, "chat": CHAT, "from": AMINA, "text": "x"}
        ),
        update(channel_post={"message_id": 1, "date": 1_800_000_000, "chat": GROUP, "text": "x"}),
        update(),
    ],
    ids=["group", "contact in a group", "a bot", "tap in a group", "edit", "channel", "nothing"],
)
def test_groups_bots_and_other_updates_are_nobodys_business(elsewhere: Update) -> None:
    assert to_incoming(elsewhere) is None
    assert membership(elsewhere) is None


def changed(status: str, chat: dict[str, Any] = CHAT) -> Update:
    bot = {"id": 7, "is_bot": True, "first_name": "Karo"}
    other = {"user": bot, "status": status} | ({"until_date": 0} if status == "kicked" else {})
    return update(
        my_chat_member={
            "chat": chat,
            "from": AMINA,
            "date": 1_800_000_000,
            "old_chat_member": {"user": bot, "status": "member"},
            "new_chat_member": other,
        }
    )


def test_blocking_and_coming_back_are_membership() -> None:
    assert membership(changed("kicked")) == ("41", True)
    assert membership(changed("member")) == ("41", False)
    assert to_incoming(changed("kicked")) is None


def test_a_groups_membership_is_nobodys_business() -> None:
    assert membership(changed("kicked", GROUP)) is None


def test_what_belongs_to_one_chat_shares_a_key() -> None:
    assert chat_key(message(text="a")) == chat_key(tapped("1:a")) == chat_key(changed("kicked")) == 41
    assert chat_key(update()) != chat_key(Update.de_json({"update_id": 10}, None))


def test_what_a_person_wrote_is_not_in_the_representation() -> None:
    assert "siri" not in repr(to_incoming(message(text="siri")))
