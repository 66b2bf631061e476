"""What became of a message: Telegram's answers, and the lack of them, in the services' terms."""

from __future__ import annotations

import pytest
from telegram import Bot
from telegram.request import HTTPXRequest

from bot.channels.telegram import TelegramMessenger, make_bot, set_commands
from bot.channels.telegram.commands import COMMANDS
from bot.dialogue.screen import Choice, Screen, say
from bot.playground import PLAYGROUND_TOKEN
from bot.services.messages import (
    DeliveryError,
    Messenger,
    OutgoingMessage,
    SlowDown,
    TryLater,
    Unreachable,
)
from bot.texts import say as words
from tests.bot.channels.conftest import Stage

PAY = Choice("pay", say("choice.pay"))
MENU = OutgoingMessage(Screen((say("menu.ask", school="Mwangaza"),), (PAY,)), 3, "en")
ASK_CONTACT = OutgoingMessage(Screen((say("contact.ask", school="Mwangaza"),), ask_contact=True), 2, "en")
LINKED = OutgoingMessage(Screen((say("contact.linked"), *MENU.screen.lines), (PAY,)), 3, "en")
MENU_TEXT = words("menu.ask", "en", school="Mwangaza")


@pytest.fixture
def messenger(stage: Stage) -> Messenger:
    stage.amina.say("/start")
    return TelegramMessenger(stage.bot)


async def refused(messenger: Messenger) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await messenger.send("41", MENU)
    return caught.value


async def test_a_message_arrives_and_its_id_comes_back(stage: Stage, messenger: Messenger) -> None:
    message_id = await messenger.send("41", MENU)
    [shown] = stage.amina.messages
    assert (str(shown.id), shown.text, shown.labels) == (message_id, MENU_TEXT, ("1. Pay fees",))


async def test_an_edit_replaces_text_and_buttons(stage: Stage, messenger: Messenger) -> None:
    message_id = await messenger.send("41", MENU)
    await messenger.edit(
        "41", message_id, OutgoingMessage(Screen((say("start.hello", name="Amina"),)), 4, "sw")
    )
    [shown] = stage.amina.messages
    assert (shown.text, shown.labels) == (words("start.hello", "sw", name="Amina"), ())


async def test_an_edit_that_changes_nothing_is_success(messenger: Messenger) -> None:
    message_id = await messenger.send("41", MENU)
    await messenger.edit("41", message_id, MENU)


async def test_an_edit_of_a_message_that_is_gone_asks_for_a_new_one(messenger: Messenger) -> None:
    with pytest.raises(DeliveryError) as caught:
        await messenger.edit("41", "999", MENU)
    assert type(caught.value) is DeliveryError


async def test_a_message_cannot_be_edited_into_the_contact_question(messenger: Messenger) -> None:
    message_id = await messenger.send("41", MENU)
    with pytest.raises(DeliveryError) as caught:
        await messenger.edit("41", message_id, ASK_CONTACT)
    assert type(caught.value) is DeliveryError


async def test_429_is_slow_down_with_telegrams_seconds(stage: Stage, messenger: Messenger) -> None:
    stage.api.fail_next("sendMessage", retry_after=37)
    error = await refused(messenger)
    assert isinstance(error, SlowDown)
    assert error.retry_after_s == 37


@pytest.mark.parametrize(
    ("description", "seconds"), [("Too Many Requests: retry after 4", 4), ("Too Many Requests", 1)]
)
async def test_429_without_parameters_is_slow_down_too(
    stage: Stage, messenger: Messenger, description: str, seconds: int
) -> None:
    stage.api.fail_next("sendMessage", status=429, description=description)
    error = await refused(messenger)
    assert isinstance(error, SlowDown)
    assert error.retry_after_s == seconds


async def test_a_person_who_blocked_us_is_unreachable(stage: Stage, messenger: Messenger) -> None:
    stage.amina.block()
    assert isinstance(await refused(messenger), Unreachable)


async def test_a_deactivated_person_is_unreachable(stage: Stage, messenger: Messenger) -> None:
    stage.api.fail_next("sendMessage", status=403, description="Forbidden: user is deactivated")
    assert isinstance(await refused(messenger), Unreachable)


async def test_a_chat_that_does_not_exist_is_unreachable(messenger: Messenger) -> None:
    with pytest.raises(Unreachable):
        await messenger.send("404", MENU)


async def test_a_message_telegram_refuses_for_itself_does_not_condemn_the_chat(
    stage: Stage, messenger: Messenger
) -> None:
    stage.api.fail_next("sendMessage", status=400, description="Bad Request: message text is empty")
    error = await refused(messenger)
    assert type(error) is DeliveryError
    assert error.reason == "refused: message text is empty"


async def test_a_screen_that_cannot_be_rendered_is_refused_for_good(messenger: Messenger) -> None:
    with pytest.raises(DeliveryError) as caught:
        await messenger.send("41", OutgoingMessage(Screen((say("no.such.text"),)), 1, "en"))
    assert type(caught.value) is DeliveryError
    assert caught.value.reason == "cannot be rendered: KeyError"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_5xx_may_have_been_delivered(stage: Stage, messenger: Messenger, status: int) -> None:
    stage.api.fail_next("sendMessage", status=status, description="Internal Server Error")
    error = await refused(messenger)
    assert isinstance(error, TryLater)
    assert error.maybe_delivered


async def test_a_gateways_page_may_have_been_delivered(stage: Stage, messenger: Messenger) -> None:
    stage.api.fail_next("sendMessage", html=True)
    error = await refused(messenger)
    assert isinstance(error, TryLater)
    assert error.maybe_delivered


async def test_an_answer_cut_off_may_have_been_delivered(stage: Stage, messenger: Messenger) -> None:
    stage.api.fail_next("sendMessage", drop_after_accept=True)
    error = await refused(messenger)
    assert isinstance(error, TryLater)
    assert error.maybe_delivered
    assert len(stage.amina.messages) == 1


async def test_an_answer_too_late_may_have_been_delivered(stage: Stage) -> None:
    stage.amina.say("/start")
    stage.api.fail_next("sendMessage", delay_s=600)
    request = HTTPXRequest(connect_timeout=10, read_timeout=0.2, httpx_kwargs={"trust_env": False})
    hasty = Bot(PLAYGROUND_TOKEN, base_url=f"{stage.url}/bot", request=request)
    error = await refused(TelegramMessenger(hasty))
    await hasty.shutdown()
    await request.shutdown()
    assert isinstance(error, TryLater)
    assert error.maybe_delivered
    await stage.api.until(lambda: len(stage.amina.messages) == 1)


async def test_a_refused_connection_surely_delivered_nothing(unused_tcp_port: int) -> None:
    bot = make_bot(PLAYGROUND_TOKEN, f"http://127.0.0.1:{unused_tcp_port}")
    error = await refused(TelegramMessenger(bot))
    await bot.shutdown()
    assert isinstance(error, TryLater)
    assert not error.maybe_delivered


async def test_a_token_that_was_revoked_delivers_nothing_and_condemns_nobody(
    stage: Stage, messenger: Messenger
) -> None:
    stage.api.fail_next("sendMessage", status=401, description="Unauthorized")
    error = await refused(messenger)
    assert isinstance(error, TryLater)
    assert not error.maybe_delivered


async def test_the_contact_keyboard_is_put_away_by_the_next_screen(
    stage: Stage, messenger: Messenger
) -> None:
    await messenger.send("41", ASK_CONTACT)
    assert [button.contact for button in stage.amina.phone.keyboard] == [True]
    message_id = await messenger.send("41", LINKED)
    assert stage.amina.phone.keyboard == ()
    _, thanks, menu = stage.amina.messages
    assert (thanks.text, thanks.labels) == (words("contact.linked", "en"), ())
    assert (menu.text, menu.labels, str(menu.id)) == (MENU_TEXT, ("1. Pay fees",), message_id)
    await messenger.send("41", LINKED)
    assert stage.amina.messages[-1].text == f"{words('contact.linked', 'en')}\n\n{MENU_TEXT}"


async def test_asking_again_keeps_the_contact_keyboard(stage: Stage, messenger: Messenger) -> None:
    await messenger.send("41", ASK_CONTACT)
    await messenger.send("41", ASK_CONTACT)
    assert len(stage.amina.messages) == 2
    assert stage.amina.phone.keyboard


async def test_links_are_not_previewed_and_texts_are_plain(stage: Stage, messenger: Messenger) -> None:
    await messenger.send("41", MENU)
    (call,) = stage.api.calls_of("sendMessage")
    assert call["link_preview_options"] == {"is_disabled": True}
    assert "parse_mode" not in call


async def test_no_error_shows_the_token(stage: Stage, messenger: Messenger) -> None:
    stage.api.fail_next("sendMessage", status=502)
    assert PLAYGROUND_TOKEN not in repr(await refused(messenger))


async def test_commands_are_set_in_both_languages(stage: Stage) -> None:
    await set_commands(stage.bot)
    assert set(stage.api.commands) == {"", "en", "sw"}
    for commands in stage.api.commands.values():
        assert tuple(command["command"] for command in commands) == COMMANDS
    assert stage.api.commands["sw"] != stage.api.commands["en"] == stage.api.commands[""]


async def test_a_bot_calls_the_server_it_was_given(stage: Stage) -> None:
    bot: Bot = stage.bot
    assert bot.base_url == f"{stage.url}/bot{PLAYGROUND_TOKEN}"
    assert bot.base_file_url == f"{stage.url}/file/bot{PLAYGROUND_TOKEN}"
