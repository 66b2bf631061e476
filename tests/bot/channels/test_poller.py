"""The poller, with the library's own Bot on a real socket: nothing is lost or confirmed too early."""

from __future__ import annotations

import asyncio

from bot.dialogue.events import Command, Tapped, Typed
from bot.services.incoming import Incoming
from tests.bot.channels.conftest import Stage
from tests.bot.channels.poller_desk import Desk, nothing, polling


async def test_what_people_do_arrives_in_order(stage: Stage) -> None:
    desk = Desk()
    async with polling(stage, desk):
        stage.amina.say("/start@karo_playground_bot KARIBU")
        stage.amina.say("moja")
        stage.amina.say("mbili")
        await desk.until(lambda: len(desk.taken) == 3)
    assert [incoming.event for incoming in desk.taken] == [
        Command("start", "KARIBU"),
        Typed("moja"),
        Typed("mbili"),
    ]
    assert {(incoming.channel, incoming.address) for incoming in desk.taken} == {("telegram", "41")}


async def test_an_update_is_confirmed_only_after_it_was_handled(stage: Stage) -> None:
    desk, go = Desk(), asyncio.Event()

    async def wait(_incoming: Incoming) -> None:
        await go.wait()

    desk.before = wait
    async with polling(stage, desk):
        stage.amina.say("subiri")
        await desk.until(lambda: len(desk.tried) == 1)
        polls = len(stage.api.calls_of("getUpdates"))
        await stage.api.until(lambda: len(stage.api.calls_of("getUpdates")) >= polls + 2)
        assert len(stage.api.unconfirmed) == 1
        go.set()
        await stage.api.until(lambda: stage.api.unconfirmed == [])
    assert desk.texts == ["subiri"]
    assert len(desk.tried) == 1


async def test_what_was_not_confirmed_comes_again_after_a_restart(stage: Stage) -> None:
    desk = Desk()

    async def hang(_incoming: Incoming) -> None:
        await asyncio.Event().wait()

    desk.before = hang
    async with polling(stage, desk):
        stage.amina.say("usinisahau")
        await desk.until(lambda: len(desk.tried) == 1)
    assert desk.taken == []
    desk.before = nothing
    async with polling(stage, desk):
        await desk.until(lambda: desk.texts == ["usinisahau"])
        await stage.api.until(lambda: stage.api.unconfirmed == [])
    assert desk.tried[0] == desk.tried[1]


async def test_chats_run_side_by_side_while_one_chat_keeps_its_order(stage: Stage) -> None:
    desk, go = Desk(), asyncio.Event()
    baraka = stage.api.person(42, "Baraka")

    async def hold_amina(incoming: Incoming) -> None:
        if incoming.event == Typed("a1"):
            await go.wait()

    desk.before = hold_amina
    async with polling(stage, desk):
        stage.amina.say("a1")
        stage.amina.say("a2")
        baraka.say("b1")
        await desk.until(lambda: desk.texts == ["b1"])
        baraka.say("b2")
        await desk.until(lambda: desk.texts == ["b1", "b2"])
        assert len(desk.tried) == 3
        go.set()
        await desk.until(lambda: len(desk.taken) == 4)
        await stage.api.until(lambda: stage.api.unconfirmed == [])
    assert desk.texts == ["b1", "b2", "a1", "a2"]


async def test_a_slow_update_holds_back_the_confirmation_of_later_ones_only(stage: Stage) -> None:
    desk, go = Desk(), asyncio.Event()
    baraka = stage.api.person(42, "Baraka")

    async def hold_amina(incoming: Incoming) -> None:
        if incoming.address == "41":
            await go.wait()

    desk.before = hold_amina
    async with polling(stage, desk):
        baraka.say("before")
        stage.amina.say("slow")
        baraka.say("after")
        await desk.until(lambda: desk.texts == ["before", "after"])
        await stage.api.until(lambda: len(stage.api.unconfirmed) == 2)
        go.set()
        await stage.api.until(lambda: stage.api.unconfirmed == [])
    assert sorted(desk.texts) == ["after", "before", "slow"]


async def test_a_webhook_is_deleted_first_without_dropping_what_waits(stage: Stage) -> None:
    await stage.bot.set_webhook("https://karo.school.ac.ke/telegram/secret")
    stage.amina.say("nilikuwa nasubiri")
    desk = Desk()
    async with polling(stage, desk):
        await desk.until(lambda: desk.texts == ["nilikuwa nasubiri"])
    (deleted,) = stage.api.calls_of("deleteWebhook")
    assert deleted.get("drop_pending_updates") in (None, "false")


async def test_the_kinds_of_update_are_named(stage: Stage) -> None:
    async with polling(stage, Desk()):
        await stage.api.until(lambda: bool(stage.api.calls_of("getUpdates")))
    call = stage.api.calls_of("getUpdates")[0]
    assert call["allowed_updates"] == ["message", "callback_query", "my_chat_member"]
    assert int(call["timeout"]) == 30


async def test_taps_are_answered_at_once_and_an_error_there_is_nobodys(stage: Stage) -> None:
    desk = Desk()
    async with polling(stage, desk):
        stage.amina.say("/start")
        await desk.until(lambda: len(desk.taken) == 1)
        keyboard = {"inline_keyboard": [[{"text": "Lipa", "callback_data": "3:pay"}]]}
        await stage.bot.send_message(41, "Chagua", api_kwargs={"reply_markup": keyboard})
        stage.api.fail_next("answerCallbackQuery", status=400, description="Bad Request: query is too old")
        stage.amina.tap("Lipa")
        stage.amina.tap("Lipa")
        await desk.until(lambda: len(desk.taken) == 3)
        await stage.api.until(lambda: len(stage.api.calls_of("answerCallbackQuery")) == 2)
    assert [incoming.event for incoming in desk.taken[1:]] == [Tapped("pay", 3)] * 2


async def test_blocking_and_coming_back_are_told(stage: Stage) -> None:
    desk = Desk()
    async with polling(stage, desk):
        stage.amina.block()
        stage.amina.unblock()
        await desk.until(lambda: len(desk.members) == 2)
    assert desk.members == [("41", True), ("41", False)]


async def test_stopping_ends_a_long_poll_at_once(stage: Stage) -> None:
    async with polling(stage, Desk()) as poller:
        await stage.api.until(lambda: bool(stage.api.calls_of("getUpdates")))
        poller.stop()


async def test_stopping_lets_what_is_almost_done_finish(stage: Stage) -> None:
    desk, go = Desk(), asyncio.Event()

    async def wait(_incoming: Incoming) -> None:
        await go.wait()

    desk.before = wait
    async with polling(stage, desk) as poller:
        stage.amina.say("karibu nimalize")
        await desk.until(lambda: len(desk.tried) == 1)
        poller.stop()
        go.set()
    assert desk.texts == ["karibu nimalize"]
