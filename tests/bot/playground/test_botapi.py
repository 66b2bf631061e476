"""The Bot API stand-in against the real library over a real socket: it must behave as Telegram does."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut

from bot.channels.telegram.bot import make_bot
from bot.playground import PLAYGROUND_TOKEN, BotApi, BotApiServer, Person
from tests.bot.playground.conftest import ALLOWED, Stage, buttons


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
    await stage.api.until(lambda: [message.text for message in amina.messages] == ["it is there"])


async def test_commands_are_kept_by_language(stage: Stage) -> None:
    await stage.bot.set_my_commands([("pay", "Pay fees")])
    await stage.bot.set_my_commands([("pay", "Lipa ada")], language_code="sw")
    assert [command.description for command in await stage.bot.get_my_commands(language_code="sw")] == [
        "Lipa ada"
    ]
    assert [command.description for command in await stage.bot.get_my_commands()] == ["Pay fees"]


async def test_calls_are_kept_with_their_parameters(stage: Stage, amina: Person) -> None:
    await stage.bot.send_message(41, "hi", reply_markup=buttons("Lipa"))
    (call,) = stage.api.calls_of("sendMessage")
    assert call["text"] == "hi"
    assert call["reply_markup"] == json.loads(buttons("Lipa").to_json())
    assert "hi" not in repr(stage.api.calls)


async def test_the_server_stops_while_somebody_still_polls() -> None:
    async with BotApiServer() as server, make_bot(PLAYGROUND_TOKEN, server.url) as bot:
        polling = asyncio.create_task(bot.get_updates(timeout=30))
        await server.api.until(lambda: bool(server.api.calls_of("getUpdates")))
        server.api.close()
        assert await polling == ()
