"""Silence: ask M-PESA about what it did not report, and hand over to a person what nobody can tell."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from bot.services import schedule
from bot.services.announce import Announcer
from bot.services.school import Clock
from bot.services.settle import Settle
from daraja import DarajaClient, DarajaError
from storage import payments
from storage.database import Database
from storage.payment_state import PaymentStatus
from storage.unit import Unit

log = structlog.get_logger(__name__)

AT_ONCE = 10
LEASE = timedelta(seconds=90)
TOO_SOON = timedelta(seconds=5)
_AFTER_ERROR = timedelta(seconds=30)


class Reconcile:
    """The third flow: jobs -> query -> settle, the same door as a callback."""

    def __init__(
        self, database: Database, daraja: DarajaClient, clock: Clock, announce: Announcer, settle: Settle
    ) -> None:
        self._database = database
        self._daraja = daraja
        self._clock = clock
        self._announce = announce
        self._settle = settle
        self._asked: dict[int, datetime] = {}

    async def tick(self) -> None:
        """Open what the five minutes held, expire what is a day old, ask about what is due."""
        await self._database.write(self._unblock)
        due = await self._database.read(lambda unit: payments.due_checks(unit, self._clock(), AT_ONCE))
        await asyncio.gather(*(self._look_at(payment_id) for payment_id in due))

    async def check(self, payment_id: int) -> None:
        """A parent asked to look now: one query out of turn, and an answer even when nothing is new."""
        now = self._clock()
        if now - self._asked.get(payment_id, now - TOO_SOON) >= TOO_SOON:
            self._asked[payment_id] = now
            await self._database.write(lambda unit: _bring_forward(unit, payment_id, now))
            await self._look_at(payment_id)
        await self._database.write(lambda unit: self._say_checked(unit, payment_id))
        self._asked = {known: at for known, at in self._asked.items() if now - at < TOO_SOON}

    async def _look_at(self, payment_id: int) -> None:
        checkout = await self._database.write(lambda unit: self._take(unit, payment_id))
        if checkout is None:
            return
        try:
            result = await self._daraja.stk_query(checkout)
        except DarajaError as error:
            log.warning("query.error", payment=payment_id, kind=type(error).__name__, code=error.code)
            later = self._clock() + _AFTER_ERROR
            await self._database.write(lambda unit: _ask_again(unit, payment_id, later, self._clock()))
            return
        await self._settle.query_outcome(payment_id, result)

    def _take(self, unit: Unit, payment_id: int) -> str | None:
        """The CheckoutRequestID to ask about, once this process has taken the check; None: nothing to ask."""
        now = self._clock()
        payment = payments.claim_check(unit, payment_id, now=now, next_at=now + LEASE)
        if payment is None or payment.pushed_at is None:
            return None
        if schedule.is_over(payment.pushed_at, now):
            self._expire(unit, payment_id, now)
            return None
        checkout = payments.checkout_of(unit, payment)
        if checkout is None:
            _ask_again(unit, payment_id, schedule.next_check(payment.pushed_at, now), now)
        return checkout

    def _say_checked(self, unit: Unit, payment_id: int) -> None:
        payment = payments.get(unit, payment_id)
        if payment is not None and payment.status in {PaymentStatus.REQUESTED, PaymentStatus.UNCERTAIN}:
            self._announce(unit, payment, "checked")

    def _unblock(self, unit: Unit) -> None:
        now = self._clock()
        for payment_id in payments.blocks_over(unit, now):
            freed = payments.release_phone(unit, payment_id, now)
            if freed is not None and _first_time(unit, freed, "still_unknown", now):
                self._announce(unit, freed, "still_unknown")

    def _expire(self, unit: Unit, payment_id: int, now: datetime) -> None:
        payments.move(
            unit,
            payment_id,
            PaymentStatus.EXPIRED,
            now=now,
            announce=self._announce,
            because={"source": "silence"},
            cause="silence",
            needs_person="expired",
        )


def _first_time(unit: Unit, payment: payments.Payment, event: str, now: datetime) -> bool:
    return payments.remark(unit, school_id=payment.school_id, payment_id=payment.id, event=event, now=now)


def _bring_forward(unit: Unit, payment_id: int, now: datetime) -> None:
    payment = payments.get(unit, payment_id)
    if payment is not None and payment.check_at is not None:
        payments.change(unit, payment_id, now=now, check_at=now)


def _ask_again(unit: Unit, payment_id: int, at: datetime, now: datetime) -> None:
    payment = payments.get(unit, payment_id)
    if payment is not None and payment.check_at is not None:
        payments.change(unit, payment_id, now=now, check_at=at)
