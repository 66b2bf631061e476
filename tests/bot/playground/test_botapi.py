"""The Bot API stand-in against the real library over a real socket: it must behave as Telegram does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    Update,
)
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut

from bot.channels.telegram.bot import make_bot
from bot.playground.botapi import PLAYGROUND_TOKEN, BotApi, BotApiServer
from bot.playground.person import Person

ALLOWED = ["message", "callback_query", "my_chat_member"]


class Stage:
    """The stand-in on a port, the real Bot in front of it, and Amina behind it."""

    def __init__(self, api: BotApi, url: str, bot: Bot) -> None:
        self.api = api
        self.url = url
        self.bot = bot
        self.amina = api.person(41, "Amina", "254700000041")

    async def updates(self, offset: int | None = None) -> tuple[Update, ...]:
        return await self.bot.get_updates(offset=offset, timeout=0, allowed_updates=ALLOWED)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(BotApiServer(BotApi(per_second=5)))
        bot = await stack.enter_async_context(make_bot(PLAYGROUND_TOKEN, server.url))
        yield Stage(server.api, server.url, bot)


@pytest.fixture
def amina(stage: Stage) -> Person:
    stage.amina.say("/start")
    return stage.amina


def buttons(*labels: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(label, callback_data=f"7:{label.lower()}")] for label in labels]
    )


async def test_the_bot_learns_who_it_is(stage: Stage) -> None:
    assert stage.bot.username == "karo_playground_bot"


async def test_a_wrong_token_is_unauthorized(stage: Stage) -> None:
    wrong = make_bot("7000000000:" + "w" * 35, stage.url)
    with pytest.raises(InvalidToken):
        await wrong.initialize()
    await wrong.shutdown()


async def test_an_unknown_method_is_not_found(stage: Stage) -> None:
    async with httpx.AsyncClient(base_url=f"{stage.url}/bot{PLAYGROUND_TOKEN}/", trust_env=False) as client:
        answer = await client.get("getNothing")
    assert (answer.status_code, answer.json()) == (
        404,
        {"ok": False, "error_code": 404, "description": "Not Found"},
    )


@pytest.mark.parametrize("body", ["json", "form", "multipart", "query"])
async def test_parameters_come_in_every_form(stage: Stage, amina: Person, body: str) -> None:
    given: dict[str, Any] = {"chat_id": "41", "text": "Habari"}
    kinds: dict[str, dict[str, Any]] = {
        "json": {"json": given},
        "form": {"data": given},
        "multipart": {"files": {name: (None, value) for name, value in given.items()}},
        "query": {"params": given},
    }
    async with httpx.AsyncClient(base_url=f"{stage.url}/bot{PLAYGROUND_TOKEN}/", trust_env=False) as client:
        answer = await client.post("sendMessage", **kinds[body])
    assert answer.json()["result"]["text"] == "Habari"
    assert amina.messages[-1].text == "Habari"


async def test_junk_parameters_are_a_bad_request(stage: Stage) -> None:
    async with httpx.AsyncClient(base_url=f"{stage.url}/bot{PLAYGROUND_TOKEN}/", trust_env=False) as client:
        answer = await client.post("sendMessage", content=b"{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["ok"] is False


async def test_updates_are_kept_until_they_are_confirmed(stage: Stage, amina: Person) -> None:
    amina.say("pili")
    first, second = await stage.updates()
    assert second.update_id == first.update_id + 1
    assert [update.update_id for update in await stage.updates()] == [first.update_id, second.update_id]
    assert [update.update_id for update in await stage.updates(second.update_id)] == [second.update_id]
    assert stage.api.unconfirmed == [second.update_id]
    assert await stage.updates(second.update_id + 1) == ()


async def test_a_long_poll_returns_when_something_happens(stage: Stage) -> None:
    polling = asyncio.create_task(stage.bot.get_updates(timeout=30, allowed_updates=ALLOWED))
    await stage.api.until(lambda: bool(stage.api.calls_of("getUpdates")))
    stage.amina.say("sasa")
    (update,) = await polling
    assert update.message
    assert update.message.text == "sasa"


async def test_kinds_of_update_that_were_not_asked_for_do_not_come(stage: Stage, amina: Person) -> None:
    await stage.bot.get_updates(offset=1, timeout=0, allowed_updates=["callback_query"])
    before = stage.api.unconfirmed
    amina.say("ignored")
    assert stage.api.unconfirmed == before


async def test_a_second_reader_ends_the_first_with_a_conflict(stage: Stage) -> None:
    first = asyncio.create_task(stage.bot.get_updates(timeout=30))
    await stage.api.until(lambda: len(stage.api.calls_of("getUpdates")) == 1)
    second = await stage.bot.get_updates(timeout=0)
    assert second == ()
    with pytest.raises(Conflict, match="terminated by other getUpdates"):
        await first


async def test_nobody_polls_beside_a_webhook_and_deleting_it_keeps_the_updates(
    stage: Stage, amina: Person
) -> None:
    await stage.bot.set_webhook("https://karo.school.ac.ke/telegram")
    with pytest.raises(Conflict, match="webhook is active"):
        await stage.updates()
    await stage.bot.delete_webhook(drop_pending_updates=False)
    assert len(await stage.updates()) == 1
    await stage.bot.delete_webhook(drop_pending_updates=True)
    assert await stage.updates() == ()


async def test_messages_with_buttons_appear_and_are_tapped(stage: Stage, amina: Person) -> None:
    sent = await stage.bot.send_message(41, "Chagua", reply_markup=buttons("Lipa", "Salio"))
    assert [(message.text, message.labels) for message in amina.messages] == [("Chagua", ("Lipa", "Salio"))]
    amina.tap("sal")
    query = (await stage.updates())[-1].callback_query
    assert query
    assert query.data == "7:salio"
    assert query.message
    assert query.message.message_id == sent.message_id
    assert await query.answer()
    with pytest.raises(BadRequest, match=r"(?i)query is too old"):
        await query.answer()


async def test_tapping_finds_the_best_button_of_the_newest_message(stage: Stage, amina: Person) -> None:
    old = await stage.bot.send_message(41, "Old", reply_markup=buttons("Pay", "Back"))
    new = await stage.bot.send_message(41, "New", reply_markup=buttons("Pay later", "Pay"))
    amina.tap("Pay")
    amina.tap("back")
    amina.tap_button(old.message_id, 0)
    queries = [update.callback_query for update in await stage.updates() if update.callback_query]
    assert [(query.message and query.message.message_id, query.data) for query in queries] == [
        (new.message_id, "7:pay"),
        (old.message_id, "7:back"),
        (old.message_id, "7:pay"),
    ]


async def test_a_button_that_is_not_there_is_an_error_that_shows_the_phone(
    stage: Stage, amina: Person
) -> None:
    await stage.bot.send_message(41, "Chagua", reply_markup=buttons("Lipa"))
    with pytest.raises(LookupError, match="Chagua"):
        amina.tap("Salio")


async def test_edits_change_the_message_in_its_place(stage: Stage, amina: Person) -> None:
    sent = await stage.bot.send_message(41, "0 of 9", reply_markup=buttons("Stop"))
    await stage.bot.send_message(41, "another")
    await stage.bot.edit_message_text("9 of 9", 41, sent.message_id)
    assert [(message.text, message.labels, message.edits) for message in amina.messages] == [
        ("9 of 9", (), 1),
        ("another", (), 0),
    ]


async def test_an_edit_that_changes_nothing_is_not_modified(stage: Stage, amina: Person) -> None:
    sent = await stage.bot.send_message(41, "same", reply_markup=buttons("Stop"))
    with pytest.raises(BadRequest, match="not modified"):
        await stage.bot.edit_message_text("same", 41, sent.message_id, reply_markup=buttons("Stop"))


async def test_what_cannot_be_edited_is_refused(stage: Stage, amina: Person) -> None:
    with pytest.raises(BadRequest, match=r"(?i)message to edit not found"):
        await stage.bot.edit_message_text("x", 41, 999)
    keyboard = ReplyKeyboardMarkup([[KeyboardButton("Share", request_contact=True)]])
    sent = await stage.bot.send_message(41, "share?", reply_markup=keyboard)
    with pytest.raises(BadRequest, match="can't be edited"):
        await stage.bot.edit_message_text("x", 41, sent.message_id)


async def test_the_contact_keyboard_shares_the_owners_card_until_it_is_removed(
    stage: Stage, amina: Person
) -> None:
    keyboard = ReplyKeyboardMarkup([[KeyboardButton("Share my number", request_contact=True)], ["Help"]])
    await stage.bot.send_message(41, "Who are you?", reply_markup=keyboard)
    amina.tap("Share my number")
    amina.tap("Help")
    card, text = [update.message for update in (await stage.updates())[-2:]]
    assert card
    assert card.contact
    assert (card.contact.phone_number, card.contact.user_id) == ("254700000041", 41)
    assert text
    assert text.text == "Help"
    await stage.bot.send_message(41, "Thanks", reply_markup=ReplyKeyboardRemove())
    with pytest.raises(LookupError):
        amina.tap("Share my number")


async def test_cards_may_be_anothers_forwarded_or_without_a_user(stage: Stage) -> None:
    stage.amina.share_contact()
    stage.amina.share_contact("254700000099", 99)
    stage.amina.share_contact(user_id=0)
    stage.amina.share_contact(forwarded=True)
    messages = [update.message for update in await stage.updates()]
    assert [message.contact.user_id for message in messages if message and message.contact] == [
        41,
        99,
        None,
        41,
    ]
    assert [bool(message and message.forward_origin) for message in messages] == [False, False, False, True]


@pytest.mark.parametrize(
    ("chat", "text", "error", "words"),
    [
        (404, "hi", BadRequest, "(?i)chat not found"),
        (42, "hi", Forbidden, "can't initiate conversation"),
        (41, " ", BadRequest, "(?i)message text is empty"),
        (41, "x" * 4097, BadRequest, "(?i)message is too long"),
        (41, "😀" * 2049, BadRequest, "(?i)message is too long"),
    ],
)
async def test_telegram_refuses_in_its_own_words(
    stage: Stage, amina: Person, chat: int, text: str, error: type[Exception], words: str
) -> None:
    stage.api.person(42, "Somebody who never wrote")
    with pytest.raises(error, match=words):
        await stage.bot.send_message(chat, text)
    assert amina.messages == []


async def test_button_data_over_64_bytes_is_refused(stage: Stage, amina: Person) -> None:
    long = InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="y" * 65)]])
    with pytest.raises(BadRequest, match=r"(?i)button_data_invalid"):
        await stage.bot.send_message(41, "x", reply_markup=long)


async def test_a_person_who_blocked_the_bot_is_forbidden_until_they_come_back(
    stage: Stage, amina: Person
) -> None:
    amina.block()
    with pytest.raises(Forbidden, match="blocked by the user"):
        await stage.bot.send_message(41, "hi")
    amina.unblock()
    await stage.bot.send_message(41, "hi again")
    changes = [update.my_chat_member for update in await stage.updates() if update.my_chat_member]
    assert [change.new_chat_member.status for change in changes] == ["kicked", "member"]


async def test_more_messages_than_a_second_may_hold_get_429(amina: Person, stage: Stage) -> None:
    for number in range(5):
        await stage.bot.send_message(41, f"message {number}")
    with pytest.raises(RetryAfter):
        await stage.bot.send_message(41, "one too many")
    assert len(amina.messages) == 5


async def test_the_window_slides_with_the_clock() -> None:
    now = [1_800_000_000.0]
    api = BotApi(per_second=2, clock=lambda: datetime.fromtimestamp(now[0], UTC))
    api.person(41).say("/start")

    async def send(client: httpx.AsyncClient) -> int:
        return (await client.post("sendMessage", data={"chat_id": "41", "text": f"at {now[0]}"})).status_code

    base = f"http://api/bot{PLAYGROUND_TOKEN}/"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api.app), base_url=base) as client:
        assert [await send(client), await send(client), await send(client)] == [200, 200, 429]
        now[0] += 0.5
        assert await send(client) == 429
        now[0] += 0.6
        assert await send(client) == 200


async def test_faults_are_scripted_for_the_next_calls_only(stage: Stage, amina: Person) -> None:
    stage.api.fail_next("sendMessage", retry_after=7)
    stage.api.fail_next("sendMessage", status=502)
    stage.api.fail_next("sendMessage", html=True)
    with pytest.raises(RetryAfter, match="0:00:07"):
        await stage.bot.send_message(41, "a")
    for _ in range(2):
        with pytest.raises(NetworkError):
            await stage.bot.send_message(41, "b")
    assert amina.messages == []
    await stage.bot.send_message(41, "c")
    assert [message.text for message in amina.messages] == ["c"]


async def test_an_answer_can_be_lost_after_the_message_arrived(stage: Stage, amina: Person) -> None:
    stage.api.fail_next("sendMessage", drop_after_accept=True)
    with pytest.raises(NetworkError):
        await stage.bot.send_message(41, "it is there")
    assert [message.text for message in amina.messages] == ["it is there"]


async def test_an_answer_can_be_late_after_the_message_arrived(stage: Stage, amina: Person) -> None:
    stage.api.fail_next("sendMessage", delay_s=600)
    with pytest.raises(TimedOut):
        await stage.bot.send_message(41, "it is there", read_timeout=0.05)
    assert [message.text for message in amina.messages] == ["it is there"]


async def test_commands_are_kept_by_language(stage: Stage) -> None:
    await stage.bot.set_my_commands([("pay", "Pay fees")])
    await stage.bot.set_my_commands([("pay", "Lipa ada")], language_code="sw")
    assert [command.description for command in await stage.bot.get_my_commands(language_code="sw")] == [
        "Lipa ada"
    ]
    assert [command.description for command in await stage.bot.get_my_commands()] == ["Pay fees"]


async def test_next_message_reads_in_order_and_wait_for_looks_since_the_last_act(
    stage: Stage, amina: Person
) -> None:
    await stage.bot.send_message(41, "Paid: before")
    amina.say("again")
    await stage.bot.send_message(41, "one")
    sent = await stage.bot.send_message(41, "Paid: after")
    await stage.bot.edit_message_text("Paid: corrected", 41, sent.message_id)
    assert (await amina.wait_for("Paid")).text == "Paid: after"
    assert (await amina.next_message()).text == "Paid: corrected"
    with pytest.raises(TimeoutError, match="Paid: corrected"):
        await amina.next_message(timeout_s=0.01)


async def test_waiting_people_are_woken_by_what_arrives(stage: Stage, amina: Person) -> None:
    waiting = asyncio.create_task(amina.wait_for("Karibu"))
    await stage.bot.send_chat_action(41, "typing")
    assert not waiting.done()
    await stage.bot.send_message(41, "Karibu!")
    assert (await waiting).text == "Karibu!"


async def test_pressing_waits_for_the_button_and_passes_over_older_screens(
    stage: Stage, amina: Person
) -> None:
    old = await stage.bot.send_message(41, "Old", reply_markup=buttons("Lipa"))
    amina.say("again")
    pressing = asyncio.create_task(amina.press("lipa"))
    await stage.bot.send_message(41, "No buttons yet")
    new = await stage.bot.send_message(41, "New", reply_markup=buttons("Lipa"))
    await pressing
    query = (await stage.updates())[-1].callback_query
    assert query
    assert query.message
    assert old.message_id < query.message.message_id == new.message_id
    with pytest.raises(TimeoutError, match="no button 'lipa'"):
        await amina.press("lipa", timeout_s=0.01)


async def test_the_transcript_reads_like_the_phone(stage: Stage, amina: Person) -> None:
    await stage.bot.send_message(41, "Chagua", reply_markup=buttons("Lipa", "Salio"))
    amina.tap("Lipa")
    assert amina.transcript() == [
        ("Amina", "/start", ()),
        ("Karo", "Chagua", ("Lipa", "Salio")),
        ("Amina", "[Lipa]", ()),
    ]


async def test_calls_are_kept_with_their_parameters(stage: Stage, amina: Person) -> None:
    await stage.bot.send_message(41, "hi", reply_markup=buttons("Lipa"))
    (call,) = stage.api.calls_of("sendMessage")
    assert call["text"] == "hi"
    assert call["reply_markup"] == json.loads(buttons("Lipa").to_json())
    assert "hi" not in repr(stage.api.calls)


async def test_the_same_id_is_the_same_person(stage: Stage) -> None:
    assert stage.api.person(41) is stage.amina


async def test_the_server_stops_while_somebody_still_polls() -> None:
    async with BotApiServer() as server, make_bot(PLAYGROUND_TOKEN, server.url) as bot:
        polling = asyncio.create_task(bot.get_updates(timeout=30))
        await server.api.until(lambda: bool(server.api.calls_of("getUpdates")))
        server.api.close()
        assert await polling == ()
