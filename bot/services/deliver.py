"""The ONE sender: every message leaves here, in order, evenly paced, from rows that survive a crash."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

import structlog

from bot.dialogue.screen import from_plain
from bot.services.messages import (
    DeliveryError,
    Messenger,
    OutgoingMessage,
    SlowDown,
    TryLater,
    Unreachable,
)
from bot.services.school import Clock, School
from storage import outbox, outbox_claim, people
from storage.database import Database
from storage.outbox_claim import ClaimedMessage
from storage.unit import Unit

log = structlog.get_logger(__name__)

LEASE_S = 60
IN_FLIGHT = 6
INTERVAL_S = 1 / 29
CHAT_INTERVAL_S = 1.0  # for what nobody is waiting for
IDLE_S = 1.0
_BACK_OFF_S = (2, 5, 15, 60, 300, 900)
GIVE_UP_AFTER = 12


class Deliver:
    """Outbox -> messenger. Receipts and outcomes at least once; reminders at most once."""

    def __init__(
        self,
        database: Database,
        messenger: Messenger,
        school: School,
        clock: Clock,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._messenger = messenger
        self._school = school
        self._clock = clock
        self._monotonic = monotonic
        self._woken = asyncio.Event()
        self._stopping = False
        self._paused_until = 0.0
        self._next_slot = 0.0
        self._last_in_chat: dict[int, float] = {}
        self._in_flight: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """There may be something to send: look now, not at the next tick."""
        self._woken.set()

    def stop(self) -> None:
        """Finish what is under way and return from `run`."""
        self._stopping = True
        self._woken.set()

    async def recover(self) -> None:
        """Take back what a dead process had claimed: for a start that is alone on the database."""
        until = self._clock() + timedelta(seconds=LEASE_S)
        await self._database.write(lambda unit: outbox_claim.lapse(unit, until))

    async def run(self) -> None:
        """Send until `stop`; errors of the database are waited out."""
        while not self._stopping:
            self._woken.clear()
            try:
                sent = await self.send_due()
            except Exception:
                log.exception("sender.stumbled")
                sent = 0
            if not sent and not self._stopping:
                await self._idle()
        await asyncio.gather(*self._in_flight, return_exceptions=True)

    async def send_due(self) -> int:
        """Claim what is due and start sending it; returns how many were started."""
        if self._monotonic() < self._paused_until:
            return 0
        free = IN_FLIGHT - len(self._in_flight)
        if free <= 0:
            await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)
            return 1
        claimed = await self._database.write(
            lambda unit: outbox_claim.claim(unit, self._clock(), LEASE_S, free)
        )
        for message in claimed:
            await self._pace(message)
            task = asyncio.create_task(self._send(message))
            self._in_flight.add(task)
            task.add_done_callback(self._landed)
        return len(claimed)

    async def drain(self) -> None:
        """Send everything that is due now and wait for it: for tests and for a clean stop."""
        while await self.send_due() or self._in_flight:
            if self._in_flight:
                await asyncio.wait(self._in_flight)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._woken.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("sender.task_failed", kind=type(error).__name__)

    async def _idle(self) -> None:
        pause = max(IDLE_S if self._monotonic() >= self._paused_until else 0.1, 0.0)
        try:
            await asyncio.wait_for(self._woken.wait(), pause)
        except TimeoutError:
            return

    async def _pace(self, message: ClaimedMessage) -> None:
        slot = max(self._next_slot, self._monotonic())
        if message.kind == "reminder":
            slot = max(slot, self._last_in_chat.get(message.chat_id, 0.0) + CHAT_INTERVAL_S)
        self._next_slot = max(self._next_slot, self._monotonic()) + INTERVAL_S
        self._last_in_chat[message.chat_id] = slot
        if len(self._last_in_chat) > 10_000:
            self._last_in_chat.clear()
        await asyncio.sleep(max(0.0, slot - self._monotonic()))

    async def _send(self, message: ClaimedMessage) -> None:
        outgoing = OutgoingMessage(
            screen=from_plain(message.body["screen"]),
            version=int(message.body["version"]),
            language=message.language or "en",
        )
        try:
            message_id = await self._hand_over(message, outgoing)
        except Unreachable:
            await self._database.write(lambda unit: self._chat_is_gone(unit, message))
        except SlowDown as slow:
            self._paused_until = self._monotonic() + slow.retry_after_s
            log.warning("sender.slowed_down", seconds=slow.retry_after_s)
            await self._later(message, slow.retry_after_s, maybe_delivered=False)
        except TryLater as later:
            seconds = _BACK_OFF_S[min(message.attempts, len(_BACK_OFF_S) - 1)]
            await self._later(message, seconds, maybe_delivered=later.maybe_delivered)
        except DeliveryError as refused:
            log.error("message.refused", message=message.id, reason=refused.reason)
            await self._database.write(
                lambda unit: outbox.mark_failed(unit, message.id, message.lease, "refused", self._clock())
            )
        else:
            await self._database.write(
                lambda unit: outbox.mark_sent(unit, message.id, message.lease, message_id, self._clock())
            )

    async def _hand_over(self, message: ClaimedMessage, outgoing: OutgoingMessage) -> str:
        old = message.edit_message_id
        if old is None:
            return await self._messenger.send(message.address, outgoing)
        try:
            await self._messenger.edit(message.address, old, outgoing)
        except (Unreachable, SlowDown, TryLater):
            raise
        except DeliveryError:
            return await self._messenger.send(message.address, outgoing)
        return old

    def _chat_is_gone(self, unit: Unit, message: ClaimedMessage) -> None:
        people.block_chat(unit, message.chat_id, self._clock())
        outbox.mark_failed(unit, message.id, message.lease, "unreachable", self._clock())
        log.info("chat.unreachable", chat=message.chat_id)

    async def _later(self, message: ClaimedMessage, seconds: float, *, maybe_delivered: bool) -> None:
        until = self._clock() + timedelta(seconds=seconds)

        def put_off(unit: Unit) -> None:
            if maybe_delivered and message.at_most_once:
                outbox.mark_failed(unit, message.id, message.lease, "unknown", self._clock())
            elif message.attempts + 1 >= GIVE_UP_AFTER and message.kind == "reminder":
                outbox.mark_failed(unit, message.id, message.lease, "given_up", self._clock())
            else:
                outbox.back_off(unit, message.id, message.lease, until)

        await self._database.write(put_off)
