"""The poller, with the library's own Bot on a real socket: nothing is lost or confirmed too early."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

import pytest
import structlog
from structlog.testing import LogCapture

from bot.channels.telegram.bot import make_bot
from bot.channels.telegram.poller import TRIES, Pace, Poller
from bot.dialogue.events import Command, Tapped, Typed
from bot.playground import PLAYGROUND_TOKEN, BotApiServer
from bot.playground.signals import Signal
from bot.services.incoming import Incoming
from tests.bot.channels.conftest import Stage

T = TypeVar("T")

AT_ONCE = Pace(retry_s=(0.0,), back_off_s=(0.0,), patience_s=0.01)


async def _nothing(_incoming: Incoming) -> None:
    return


@dataclass
class Desk:
    """The services' side of the door: takes what comes, slowly or badly when told to."""

    taken: list[Incoming] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    poison: list[Incoming] = field(default_factory=list)
    members: list[tuple[str, bool]] = field(default_factory=list)
    before: Callable[[Incoming], Awaitable[None]] = _nothing
    at_poison: Callable[[Incoming], Awaitable[None]] = _nothing
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, incoming: Incoming) -> None:
        await self._note(self.tried, incoming.update_id)
        await self.before(incoming)
        await self._note(self.taken, incoming)

    async def membership(self, address: str, blocked: bool) -> None:
        await self._note(self.members, (address, blocked))

    async def on_poison(self, incoming: Incoming) -> None:
        await self.at_poison(incoming)
        await self._note(self.poison, incoming)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(condition)

    @property
    def texts(self) -> list[str]:
        return [incoming.event.text for incoming in self.taken if isinstance(incoming.event, Typed)]

    async def _note(self, notes: list[T], what: T) -> None:
        async with self.changed:
            notes.append(what)
            self.changed.notify_all()


@asynccontextmanager
async def polling(stage: Stage, desk: Desk, pace: Pace = AT_ONCE) -> AsyncIterator[Poller]:
    poller = Poller(
        stage.bot, handle=desk.handle, membership=desk.membership, on_poison=desk.on_poison, pace=pace
    )
    running = asyncio.create_task(poller.run())
    try:
        yield poller
    finally:
        poller.stop()
        async with asyncio.timeout(5):
            await running


class Heard(LogCapture):
    """What the poller logged, and a signal at each line."""

    def __init__(self) -> None:
        super().__init__()
        self.signal = Signal()

    def __call__(self, logger: Any, method_name: str, event_dict: Any) -> NoReturn:
        self.signal.ring()
        super().__call__(logger, method_name, event_dict)


@contextmanager
def heard() -> Iterator[Heard]:
    capture, before = Heard(), structlog.get_config()["processors"]
    structlog.configure(processors=[capture])
    try:
        yield capture
    finally:
        structlog.configure(processors=before)


def fails_on(text: str) -> Callable[[Incoming], Awaitable[None]]:
    async def fail(incoming: Incoming) -> None:
        if incoming.event == Typed(text):
            raise OSError("the disk is full")

    return fail


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
    desk.before = _nothing
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
        desk.before = _nothing
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
    async with polling(stage, desk):
        stage.api.put_update("message", {"message_id": "no number", "date": "never", "chat": {"id": 1}})
        stage.amina.say("bado")
        await desk.until(lambda: desk.texts == ["bado"])
        await stage.api.until(lambda: stage.api.unconfirmed == [])


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


async def test_stopping_ends_a_long_back_off_at_once(stage: Stage) -> None:
    stage.api.fail_next("deleteWebhook", status=502)
    async with polling(stage, Desk(), Pace(back_off_s=(3600.0,))) as poller:
        await stage.api.until(lambda: bool(stage.api.calls_of("deleteWebhook")))
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
