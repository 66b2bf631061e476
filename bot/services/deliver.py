"""The ONE sender: every message leaves here, in order, evenly paced, from rows that survive a crash."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TypeVar

import structlog

from bot.dialogue.screen import from_plain
from bot.services.lease import Tenure
from bot.services.messages import DeliveryError, Messenger, OutgoingMessage, SlowDown, TryLater, Unreachable
from bot.services.pace import Pace
from bot.services.school import Clock, School
from storage import outbox, outbox_claim, payments, people
from storage.database import Database, DatabaseClosed
from storage.outbox_claim import ClaimedMessage
from storage.unit import Unit

log = structlog.get_logger(__name__)

T = TypeVar("T")

LEASE = "sender"  #: the name of the lease under which one process sends
LEASE_S = 60  # of a message that was claimed
IN_FLIGHT = 6
IDLE_S = 1.0
STOP_WITHIN_S = 1.5
_WRITE_AGAIN_AFTER_S = (0.2, 1.0, 5.0)
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
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """monotonic: seconds that only grow; sleep: lets so many of them pass."""
        self._database = database
        self._messenger = messenger
        self._school = school
        self._clock = clock
        self._sleep = sleep
        self._pace = Pace(monotonic, sleep=sleep)
        self._woken = asyncio.Event()
        self._stopping = False
        self._in_flight: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """There may be something to send: look now, not at the next tick."""
        self._woken.set()

    def stop(self) -> None:
        """Send nothing new; `run` returns within two seconds, what was not sent goes on another time."""
        self._stopping = True
        self._woken.set()

    async def recover(self) -> None:
        """Take back what a dead process had claimed: for a start that is alone on the database."""
        await self._database.write(outbox_claim.take_back)

    async def run(self, tenure: Tenure | None = None) -> None:
        """Send until `stop`; errors of the database are waited out.

        tenure: the lease under which this process is the one sender: what its forerunner had claimed is taken
        back first, and nothing is claimed once it is lost. None: the caller knows that no other one sends.
        """
        taken_over = tenure is None
        try:
            while not self._stopping:
                self._woken.clear()
                try:
                    taken_over = taken_over or await self._take_over(tenure)
                    sent = await self.send_due(tenure) if taken_over else 0
                except Exception:
                    log.exception("sender.stumbled")
                    sent = 0
                if not sent and not self._stopping:
                    await self._idle()
        finally:
            await self._finish()

    async def send_due(self, tenure: Tenure | None = None) -> int:
        """Claim what is due and start sending it; returns how many were claimed."""
        free = IN_FLIGHT - len(self._in_flight)
        if free <= 0 or self._pace.paused or not await self._database.read(self._any_due):
            return 0
        claimed = await self._as_sender(
            tenure, lambda unit: outbox_claim.claim(unit, self._clock(), LEASE_S, free)
        )
        if claimed is None:
            return 0
        for position, message in enumerate(claimed):
            spare_s = self._pace.spare(message.chat_id) if message.kind == "reminder" else 0.0
            if spare_s > 0:
                await self._give_back([message], spare_s)
                continue
            await self._pace.slot()
            if self._stopping or self._pace.paused or (tenure and not tenure.believed):
                await self._give_back(claimed[position:])
                return position
            self._begin(message)
        return len(claimed)

    def _any_due(self, unit: Unit) -> bool:
        return outbox_claim.any_due(unit, self._clock())

    async def _take_over(self, tenure: Tenure | None) -> bool:
        taken_back = await self._as_sender(tenure, outbox_claim.take_back)
        if taken_back:
            log.info("sender.took_over", messages=taken_back)
        return taken_back is not None

    async def _as_sender(self, tenure: Tenure | None, work: Callable[[Unit], T]) -> T | None:
        """One unit of the one sender's; None: by now it is another one."""
        return await self._database.write(
            lambda unit: work(unit) if tenure is None or tenure.still(unit) else None
        )

    async def _finish(self) -> None:
        """Waits a little for what is on its way."""
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight, timeout=STOP_WITHIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._woken.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("sender.task_failed", kind=type(error).__name__)

    async def _idle(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), 0.1 if self._pace.paused else IDLE_S)

    async def _give_back(self, messages: Sequence[ClaimedMessage], seconds: float = 0.0) -> None:
        until = self._clock() + timedelta(seconds=seconds) if seconds else None

        def unlease(unit: Unit) -> None:
            for message in messages:
                outbox.unlease(unit, message.id, message.lease, until)

        await self._record(unlease)

    def _begin(self, message: ClaimedMessage) -> None:
        self._pace.left(message.chat_id)
        task = asyncio.create_task(self._send(message))
        self._in_flight.add(task)
        task.add_done_callback(self._landed)

    async def _send(self, message: ClaimedMessage) -> None:
        try:
            message_id = await self._hand_over(message, _outgoing(message))
        except Unreachable:
            await self._record(lambda unit: self._chat_is_gone(unit, message))
        except SlowDown as slow:
            self._pace.pause(slow.retry_after_s)
            log.warning("sender.slowed_down", seconds=slow.retry_after_s)
            await self._give_back([message])
        except TryLater as later:
            seconds = _BACK_OFF_S[min(message.attempts, len(_BACK_OFF_S) - 1)]
            await self._later(message, seconds, maybe_delivered=later.maybe_delivered)
        except DeliveryError as refused:
            log.error("message.refused", message=message.id, reason=refused.reason)
            await self._record(lambda unit: self._refused(unit, message))
        except Exception as error:  # of another release, or it cannot be drawn: never again and again
            log.error("message.undrawable", message=message.id, kind=type(error).__name__)
            await self._record(lambda unit: self._refused(unit, message))
        else:
            await self._record(
                lambda unit: outbox.mark_sent(unit, message.id, message.lease, message_id, self._clock())
            )

    def _refused(self, unit: Unit, message: ClaimedMessage) -> None:
        """For good: an outcome that cannot be told this way is told by a person."""
        ours = outbox.mark_failed(unit, message.id, message.lease, "refused", self._clock())
        payment_id = message.body.get("payment")
        if ours and message.kind == "receipt" and payment_id is not None:
            payments.flag(unit, payment_id, "not_told", self._clock())

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
        outbox.unlease(unit, message.id, message.lease)
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

        await self._record(put_off)

    async def _record(self, what_became_of_it: Callable[[Unit], object]) -> None:
        """Waits for a database in trouble: what is sent and not written down would be sent again."""
        for wait_s in _WRITE_AGAIN_AFTER_S:
            try:
                await self._database.write(what_became_of_it)
            except DatabaseClosed:
                raise
            except Exception:
                log.exception("sender.not_recorded_yet")
                await self._sleep(wait_s)
            else:
                return
        await self._database.write(what_became_of_it)


def _outgoing(message: ClaimedMessage) -> OutgoingMessage:
    return OutgoingMessage(
        screen=from_plain(message.body["screen"]),
        version=int(message.body["version"]),
        language=message.language or "en",
    )
