"""Silence: ask M-PESA about what it did not report, and hand over to a person what nobody can tell."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from bot.services import holds, schedule
from bot.services.announce import Announcer
from bot.services.line_rules import SUSPECT_AGAIN, sign_of
from bot.services.school import Clock
from bot.services.settle import Settle
from daraja import DarajaClient, DarajaError
from storage import lines, payments
from storage.database import Database
from storage.payment_state import PaymentStatus
from storage.unit import Unit

log = structlog.get_logger(__name__)

AT_ONCE = 50
LEASE = timedelta(seconds=90)
TOO_SOON = timedelta(seconds=5)


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
        self._errors_since: dict[int, datetime] = {}

    async def tick(self) -> None:
        """Ask about what is due, and only then open what the five minutes held."""
        due = await self._database.read(lambda unit: payments.due_checks(unit, self._clock(), AT_ONCE))
        await asyncio.gather(*(self._look_safely(payment_id) for payment_id in due))
        await holds.release_lapsed(self._database, self._announce, self._clock)

    async def check(self, payment_id: int) -> None:
        """A parent asked to look now: one query out of turn, and an answer even when nothing is new."""
        now = self._clock()
        asked = True
        if now - self._asked.get(payment_id, now - TOO_SOON) >= TOO_SOON:
            self._asked[payment_id] = now
            await self._database.write(lambda unit: payments.ask_at(unit, payment_id, at=now, now=now))
            asked = await self._look_at(payment_id)
        event = "checked" if asked else "check_failed"
        await self._database.write(lambda unit: self._say(unit, payment_id, event))
        self._asked = {known: at for known, at in self._asked.items() if now - at < TOO_SOON}

    async def _look_safely(self, payment_id: int) -> None:
        try:
            await self._look_at(payment_id)
        except Exception:
            log.exception("query.not_applied", payment=payment_id)

    async def _look_at(self, payment_id: int) -> bool:
        """False: M-PESA was asked and gave no answer."""
        checkout = await self._database.write(lambda unit: self._take(unit, payment_id))
        if checkout is None:
            return True
        try:
            result = await self._daraja.stk_query(checkout)
        except DarajaError as error:
            log.warning("query.error", payment=payment_id, kind=type(error).__name__, code=error.code)
            wait_s, sign = error.retry_after_s or 0, sign_of(error)
            since = self._errors_since.setdefault(payment_id, self._clock())
            if await self._database.write(
                lambda unit: self._after_error(unit, payment_id, wait_s, since, sign)
            ):
                self._errors_since.pop(payment_id, None)
            return False
        self._errors_since.pop(payment_id, None)
        await self._settle.query_outcome(payment_id, result)
        return True

    def _take(self, unit: Unit, payment_id: int) -> str | None:
        """The CheckoutRequestID to ask about, once this process has taken the check; None: nothing to ask."""
        now = self._clock()
        payment = payments.claim_check(unit, payment_id, now=now, next_at=now + LEASE)
        if payment is None or payment.pushed_at is None:
            return None
        checkout = payments.checkout_of(unit, payment)
        if checkout is not None:
            return checkout
        if schedule.is_over(payment.pushed_at, now):
            self._settle.apply_silence(unit, payment_id)
        else:
            payments.ask_at(unit, payment_id, at=schedule.next_check(payment.pushed_at, now), now=now)
        return None

    def _after_error(self, unit: Unit, payment_id: int, wait_s: int, since: datetime, sign: str) -> bool:
        """since: the first error in a row, in this run: a machine that was off has not asked. sign: that it is the
        school's line, which is then tried. True: nothing will be asked any more.
        """
        now = self._clock()
        payment = payments.get(unit, payment_id)
        if payment is None or payment.pushed_at is None:
            return True
        if sign:
            lines.suspect(unit, payment.school_id, sign, now=now, again_after=SUSPECT_AGAIN)
        in_vain = now - since >= schedule.GIVE_UP_AFTER
        if in_vain and now - payment.pushed_at >= schedule.NOT_EVEN_ASKED_AFTER:
            self._settle.apply_silence(unit, payment_id)
            return True
        at = max(schedule.after_error(payment.pushed_at, now), now + timedelta(seconds=wait_s))
        return not payments.ask_at(unit, payment_id, at=at, now=now)

    def _say(self, unit: Unit, payment_id: int, event: str) -> None:
        payment = payments.get(unit, payment_id)
        if payment is not None and payment.status in {PaymentStatus.REQUESTED, PaymentStatus.UNCERTAIN}:
            self._announce(unit, payment, event)
