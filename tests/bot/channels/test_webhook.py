"""Setting and deleting Telegram's webhook, its secrets, and what is read out of what it brings."""

from __future__ import annotations

import hashlib
import hmac
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import BadRequest

from bot.channels.telegram import (
    ButtonClocks,
    arrived,
    delete_webhook,
    set_webhook,
    webhook_secrets,
    webhook_url,
)
from bot.dialogue.events import Typed
from bot.services.incoming import Incoming, NotAnUpdate
from tests.bot.channels.conftest import Stage

TOKEN = "7000000000:a-bot-token-that-is-only-for-tests-0001"
URL = "https://karo.school.ac.ke/telegram/path"


def keyed(purpose: str, text: str) -> str:
    return hmac.new(b"key", f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()


async def test_it_is_set_with_everything_named_and_nothing_dropped(stage: Stage) -> None:
    stage.amina.say("subiri")
    assert await set_webhook(stage.bot, URL, "siri")
    (call,) = stage.api.calls_of("setWebhook")
    assert (call["url"], call["secret_token"], int(call["max_connections"])) == (URL, "siri", 40)
    assert call["allowed_updates"] == ["message", "callback_query", "my_chat_member"]
    assert str(call.get("drop_pending_updates")).lower() in ("none", "false")
    assert len(stage.api.unconfirmed) == 1
    assert set(stage.api.commands) == {"", "en", "sw"}


async def test_what_is_right_is_not_set_again_unless_that_is_said(stage: Stage) -> None:
    assert await set_webhook(stage.bot, URL, "siri")
    assert not await set_webhook(stage.bot, URL, "siri")
    assert len(stage.api.calls_of("setWebhook")) == 1
    assert await set_webhook(stage.bot, URL, "another", anew=True)
    assert [call["secret_token"] for call in stage.api.calls_of("setWebhook")] == ["siri", "another"]


@pytest.mark.parametrize(
    "before",
    [
        {"url": URL + "x", "allowed_updates": ["message", "callback_query", "my_chat_member"]},
        {"url": URL, "allowed_updates": ["message", "callback_query"]},
        {"url": URL, "allowed_updates": None},
        {
            "url": URL,
            "allowed_updates": ["message", "callback_query", "my_chat_member"],
            "max_connections": 1,
        },
    ],
    ids=["another address", "a kind is missing", "no kinds named", "fewer connections"],
)
async def test_what_is_not_right_is_set_again(stage: Stage, before: dict[str, object]) -> None:
    await stage.bot.set_webhook(**before)  # type: ignore[arg-type]
    assert await set_webhook(stage.bot, URL, "siri")
    assert not await set_webhook(stage.bot, URL, "siri")


async def test_an_address_that_telegram_refuses_is_said(stage: Stage) -> None:
    with pytest.raises(BadRequest):
        await set_webhook(stage.bot, "http://karo.school.ac.ke/telegram/path", "siri")


async def test_it_is_deleted_and_what_waits_is_kept(stage: Stage) -> None:
    stage.amina.say("subiri")
    await set_webhook(stage.bot, URL, "siri")
    assert await delete_webhook(stage.bot)
    assert (await stage.bot.get_webhook_info()).url == ""
    assert len(stage.api.unconfirmed) == 1


def test_secrets_are_the_same_everywhere_and_never_the_token() -> None:
    secrets = webhook_secrets(TOKEN, keyed)
    assert secrets == webhook_secrets(TOKEN, keyed)
    assert secrets.path != secrets.header
    assert secrets.path not in repr(secrets)
    assert all(re.fullmatch(r"[0-9a-f]{64}", each) for each in (secrets.path, secrets.header))
    assert webhook_secrets(TOKEN + "x", keyed).path != secrets.path
    assert TOKEN not in webhook_url("https://karo.school.ac.ke", secrets)


def test_a_header_that_was_chosen_stands_instead() -> None:
    chosen = webhook_secrets(TOKEN, keyed, "chosen_by-the-school")
    assert (chosen.path, chosen.header) == (webhook_secrets(TOKEN, keyed).path, "chosen_by-the-school")


@pytest.mark.parametrize("public_url", ["https://karo.school.ac.ke", "https://karo.school.ac.ke/"])
def test_the_address_stands_below_ours(public_url: str) -> None:
    secrets = webhook_secrets(TOKEN, keyed)
    assert webhook_url(public_url, secrets) == f"https://karo.school.ac.ke/telegram/{secrets.path}"


def test_a_message_is_read_as_the_poller_reads_it() -> None:
    chat = {"id": 41, "type": "private", "first_name": "Amina"}
    person = {"id": 41, "is_bot": False, "first_name": "Amina"}
    message = {"message_id": 1, "date": 1_800_000_000, "chat": chat, "from": person, "text": "1500"}
    read = arrived(json.dumps({"update_id": 9, "message": message}).encode())
    assert read.incoming == Incoming("telegram", "41", "9", Typed("1500"))
    assert (read.address, read.update_id, read.blocked, read.button, read.unreadable) == (
        "41",
        "9",
        None,
        "",
        "",
    )
    tap = {"id": "77", "from": person, "chat_instance": "1", "data": "3:pay", "message": message}
    read = arrived(json.dumps({"update_id": 10, "callback_query": tap}).encode())
    assert (read.address, read.button) == ("41", "77")


@pytest.mark.parametrize("body", [b"", b"\xff", b"7", b"[]", b"{}", b'{"update_id": null}', b"[" * 65_536])
def test_what_has_no_update_id_is_no_update(body: bytes) -> None:
    with pytest.raises(NotAnUpdate):
        arrived(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(["message", "callback_query", "my_chat_member", "poll", "from", "chat", "id"])


@given(update_id=st.integers(), content=st.dictionaries(KINDS, JSON | st.dictionaries(KINDS, JSON)))
def test_whatever_an_update_holds_it_is_read_or_said_to_be_unreadable(
    update_id: int, content: dict[str, object]
) -> None:
    read = arrived(json.dumps({**content, "update_id": update_id}).encode())
    assert read.update_id == str(update_id)
    assert read.address


async def test_a_taps_clock_is_stopped_and_an_error_there_is_nobodys(stage: Stage) -> None:
    clocks = ButtonClocks(stage.bot)
    clocks.stop("")
    clocks.stop("a tap that Telegram does not know")
    await stage.api.until(lambda: len(stage.api.calls_of("answerCallbackQuery")) == 1)
    await clocks.close()
