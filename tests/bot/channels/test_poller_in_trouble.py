"""The poller when the services, Telegram or the network fail: said in words, waited out, nothing lost."""

from __future__ import annotations

import pytest

from bot.channels.telegram.bot import make_bot
from bot.channels.telegram.poller import TRIES, Pace
from bot.dialogue.events import Typed
from bot.playground import PLAYGROUND_TOKEN, BotApiServer
from bot.services.incoming import Incoming
from storage.database import NotStored
from tests.bot.channels.conftest import Stage
from tests.bot.channels.poller_desk import Desk, fails_on, heard, nothing, polling


async def test_a_passing_trouble_is_tried_again(stage: Stage) -> None:
    desk = Desk()

    async def fail_twice(_incoming: Incoming) -> None:
        if len(desk.tried) < 3:
            raise OSError("the disk is full")

    desk.before = fail_twice
    async with polling(stage, desk):
        stage.amina.say("tena")
        await stage.api.until(lambda: len(stage.api.unconfirmed) == 1)
        await desk.until(lambda: desk.texts == ["tena"])
    assert len(desk.tried) == 3
    assert desk.poison == []


async def test_a_poison_update_is_handed_over_after_five_tries_and_skipped(stage: Stage) -> None:
    desk = Desk(before=fails_on("sumu"))
    async with polling(stage, desk):
        stage.amina.say("sumu")
        stage.amina.say("dawa")
        await desk.until(lambda: desk.texts == ["dawa"])
        await stage.api.until(lambda: stage.api.unconfirmed == [])
    assert [incoming.event for incoming in desk.poison] == [Typed("sumu")]
    assert desk.tried.count(desk.poison[0].update_id) == TRIES


async def test_nothing_is_skipped_while_not_even_the_apology_can_be_stored(stage: Stage) -> None:
    desk = Desk(before=fails_on("muhimu"), at_poison=fails_on("muhimu"))
    async with polling(stage, desk):
        stage.amina.say("muhimu")
        await desk.until(lambda: len(desk.tried) > 3 * TRIES)
        assert len(stage.api.unconfirmed) == 1
        desk.before = nothing
        await desk.until(lambda: desk.texts == ["muhimu"])
    assert desk.poison == []


async def test_a_database_that_cannot_store_makes_no_update_a_poison(stage: Stage) -> None:
    desk = Desk()

    async def cannot_store(_incoming: Incoming) -> None:
        if len(desk.tried) <= 2 * TRIES:
            raise NotStored("the disk is full")

    desk.before = cannot_store
    async with polling(stage, desk):
        stage.amina.say("muhimu")
        await desk.until(lambda: desk.texts == ["muhimu"])
    assert desk.poison == []


async def test_failures_are_logged_without_what_the_parent_wrote(stage: Stage) -> None:
    async def repeat(incoming: Incoming) -> None:
        raise ValueError(f"cannot take {incoming.event}")

    desk = Desk(before=repeat)
    with heard() as logs:
        async with polling(stage, desk):
            stage.amina.say("my own words")
            await desk.until(lambda: len(desk.poison) == 1)
    assert [entry["event"] for entry in logs.entries][: TRIES + 1] == ["update.failed"] * TRIES + [
        "update.skipped"
    ]
    assert "my own words" not in str(logs.entries)


async def test_an_update_that_cannot_be_parsed_does_not_take_others_along(stage: Stage) -> None:
    desk = Desk()
    with heard() as logs:
        async with polling(stage, desk):
            stage.api.put_update("message", {"message_id": 1, "date": "never", "chat": {"id": 1}})
            stage.amina.say("bado")
            await desk.until(lambda: desk.texts == ["bado"])
            await stage.api.until(lambda: stage.api.unconfirmed == [])
    assert [entry["event"] for entry in logs.entries] == ["update.unreadable"]


async def test_another_reader_is_said_in_words_and_waited_out(stage: Stage) -> None:
    desk = Desk()
    stage.api.fail_next(
        "getUpdates", status=409, description="Conflict: terminated by other getUpdates request", times=2
    )
    with heard() as logs:
        async with polling(stage, desk):
            stage.amina.say("hatimaye")
            await desk.until(lambda: desk.texts == ["hatimaye"])
    assert [entry["error"] for entry in logs.entries] == ["Conflict", "Conflict"]
    assert "another program reads this bot's updates" in logs.entries[0]["why"]


async def test_a_webhook_that_another_sets_meanwhile_is_said_in_words_and_waited_out(stage: Stage) -> None:
    desk = Desk()
    with heard() as logs:
        async with polling(stage, desk):
            await stage.api.until(lambda: bool(stage.api.calls_of("getUpdates")))
            await stage.bot.set_webhook("https://karo.school.ac.ke/telegram/secret")
            await logs.signal.until(lambda: len(logs.entries) >= 2, 10)
            assert len(stage.api.calls_of("deleteWebhook")) == 1
            stage.amina.say("hatimaye")
            await stage.bot.delete_webhook(drop_pending_updates=False)
            await desk.until(lambda: desk.texts == ["hatimaye"])
    assert {entry["error"] for entry in logs.entries} == {"Conflict"}
    assert "has set a webhook" in logs.entries[0]["why"]


@pytest.mark.parametrize(
    ("status", "words"),
    [(502, "trouble"), (401, "check TELEGRAM_BOT_TOKEN"), (404, "check TELEGRAM_BOT_TOKEN")],
)
async def test_other_trouble_is_said_in_words_and_waited_out(stage: Stage, status: int, words: str) -> None:
    desk = Desk()
    stage.api.fail_next("deleteWebhook", status=status)
    stage.api.fail_next("getUpdates", status=status)
    with heard() as logs:
        async with polling(stage, desk):
            stage.amina.say("hatimaye")
            await desk.until(lambda: desk.texts == ["hatimaye"])
    assert [words in entry["why"] for entry in logs.entries] == [True, True]
    assert stage.bot.token not in str(logs.entries)


async def test_telegrams_own_waiting_time_is_kept(stage: Stage) -> None:
    stage.api.fail_next("getUpdates", retry_after=3600)
    with heard() as logs:
        async with polling(stage, Desk()):
            await stage.api.until(lambda: bool(stage.api.calls_of("getUpdates")))
            await logs.signal.until(lambda: bool(logs.entries), 10)
    assert logs.entries[0]["pause_s"] == 3600


async def test_stopping_ends_a_long_back_off_at_once(stage: Stage) -> None:
    stage.api.fail_next("deleteWebhook", status=502)
    async with polling(stage, Desk(), Pace(back_off_s=(3600.0,))) as poller:
        await stage.api.until(lambda: bool(stage.api.calls_of("deleteWebhook")))
        poller.stop()


async def test_a_server_that_vanishes_and_comes_back_is_polled_again() -> None:
    async with BotApiServer() as server:
        port, api = int(server.url.rsplit(":", 1)[1]), server.api
        bot = make_bot(PLAYGROUND_TOKEN, server.url)
        await bot.initialize()
    desk = Desk()
    stage = Stage(api, "", bot, api.person(41, "Amina"))
    with heard() as logs:
        async with polling(stage, desk):
            await logs.signal.until(lambda: bool(logs.entries), 10)
            async with BotApiServer(port=port) as again:
                again.api.person(41, "Amina").say("umerudi")
                await desk.until(lambda: desk.texts == ["umerudi"])
    await bot.shutdown()
