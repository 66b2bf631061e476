"""Apply what M-PESA says, whoever brings it: push's answer, callback, query. The one door to an outcome."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import structlog

from bot.services import outcomes, schedule
from bot.services.announce import Announcer
from bot.services.callbacks import CallbackVerdict
from bot.services.school import Clock, School
from daraja import (
    BadCallback,
    DarajaError,
    StkAccepted,
    StkCallback,
    StkQueryResult,
    look_up,
    parse_stk_callback,
)
from daraja.catalogue import Channel
from storage import inbox, payments, receipts
from storage.database import Database
from storage.payment_state import AWAITING, PaymentStatus
from storage.payments import Payment
from storage.unit import Unit

log = structlog.get_logger(__name__)


class Settle:
    """Every report ends here; success is sticky, and what cannot be applied waits for a person."""

    def __init__(self, database: Database, school: School, clock: Clock, announce: Announcer) -> None:
        self._database = database
        self._school = school
        self._clock = clock
        self._announce = announce

    async def callback(self, token: str, body: bytes) -> CallbackVerdict:
        """One callback: kept, understood, applied and committed. Raises only when it could not be stored."""
        return await self._database.write(lambda unit: self._callback(unit, token, body))

    async def push_outcome(self, payment_id: int, outcome: StkAccepted | DarajaError) -> None:
        """The push's own answer; a late one only fills in ids."""
        await self._database.write(lambda unit: self.apply_push(unit, payment_id, outcome))

    async def query_outcome(self, payment_id: int, result: StkQueryResult) -> None:
        """What the status query said; a failure counts only late and repeated."""
        await self._database.write(lambda unit: self.apply_query(unit, payment_id, result))

    def apply_push(self, unit: Unit, payment_id: int, outcome: StkAccepted | DarajaError) -> None:
        """The same inside a unit of work."""
        now = self._clock()
        if isinstance(outcome, StkAccepted):
            payments.note_checkout(
                unit, payment_id, outcome.merchant_request_id, outcome.checkout_request_id, now
            )
        verdict = outcomes.of_push(outcome)
        moved = self._move(unit, payment_id, verdict, Channel.PUSH, now)
        if moved is not None and moved.cause in outcomes.FOR_A_PERSON:
            self._flag(unit, moved, "unknown_code", now)
        log.info("push.answered", payment=payment_id, status=verdict.to.value, code=verdict.code)

    def apply_query(self, unit: Unit, payment_id: int, result: StkQueryResult) -> None:
        """The same inside a unit of work. Schedules the next question where nothing is decided."""
        now = self._clock()
        payment = payments.get(unit, payment_id)
        if payment is None or payment.pushed_at is None:
            return
        log.info("query.answered", payment=payment_id, outcome=result.outcome, code=result.result_code)
        if result.outcome == "paid":
            self._paid(unit, payment, None, None, None, "query", None, now)
            return
        entry = look_up(Channel.QUERY, result.result_code, result.result_desc)
        if result.outcome == "failed" and entry.final and self._failure_counts(payment, result, now):
            verdict = outcomes.of_failure(entry, result.result_code)
            self._move(unit, payment_id, verdict, Channel.QUERY, now)
            return
        if payment.status in AWAITING and entry.cause in outcomes.FOR_A_PERSON:
            self._wonder(unit, payment, result.result_code, now)
        self._ask_later(unit, payment, result, now)

    def _ask_later(self, unit: Unit, payment: Payment, result: StkQueryResult, now: datetime) -> None:
        if payment.check_at is None or payment.pushed_at is None:
            return
        undecided = payment.undecided + 1 if result.outcome == "undecided" else 0
        failed = result.outcome == "failed"
        payments.change(
            unit,
            payment.id,
            now=now,
            check_at=schedule.next_check(payment.pushed_at, now, undecided),
            undecided=undecided,
            query_failure_code=result.result_code if failed else None,
            query_failures=payment.query_failures + 1 if failed else 0,
        )

    def _failure_counts(self, payment: Payment, result: StkQueryResult, now: datetime) -> bool:
        if payment.pushed_at is None or now - payment.pushed_at < schedule.FAILURE_COUNTS_AFTER:
            return False
        return payment.query_failure_code == result.result_code

    def _callback(self, unit: Unit, token: str, body: bytes) -> CallbackVerdict:
        now = self._clock()
        payment = payments.by_token(unit, token)
        if payment is None:
            return CallbackVerdict.UNKNOWN_TOKEN
        kept = inbox.keep(
            unit, school_id=self._school.id, channel="stk", body=body, payment_id=payment.id, now=now
        )
        if not kept.is_new:
            return CallbackVerdict.ACCEPTED
        try:
            callback = parse_stk_callback(body)
        except BadCallback:
            inbox.mark(unit, kept.id, "unapplied", "unknown_shape", needs_person=True)
            return CallbackVerdict.ACCEPTED
        if not self._belongs(unit, payment, callback, now):
            inbox.mark(unit, kept.id, "unapplied", "other_checkout_id", needs_person=True)
            return CallbackVerdict.ACCEPTED
        applied = self._apply_callback(unit, payment, callback, now)
        inbox.mark(unit, kept.id, "applied" if applied else "unapplied", callback.result_code)
        log.info("callback.taken", payment=payment.id, code=callback.result_code, applied=applied)
        return CallbackVerdict.ACCEPTED

    def _belongs(self, unit: Unit, payment: Payment, callback: StkCallback, now: datetime) -> bool:
        known = payments.checkout_of(unit, payment)
        if known is not None:
            return known == callback.checkout_request_id
        return payments.note_checkout(
            unit, payment.id, callback.merchant_request_id, callback.checkout_request_id, now
        )

    def _apply_callback(self, unit: Unit, payment: Payment, callback: StkCallback, now: datetime) -> bool:
        if callback.result_code == "0":
            self._paid(
                unit,
                payment,
                callback.receipt,
                _cents(callback.amount),
                callback.transaction_date,
                "callback",
                callback.phone,
                now,
            )
            return True
        entry = look_up(Channel.CALLBACK, callback.result_code, callback.result_desc)
        if not entry.final:
            if entry.cause in outcomes.FOR_A_PERSON:
                self._unclear(unit, payment, entry.cause, callback.result_code, now)
            return True
        moved = self._move(
            unit, payment.id, outcomes.of_failure(entry, callback.result_code), Channel.CALLBACK, now
        )
        if moved is None and payment.status == PaymentStatus.PAID:
            self._flag(unit, payment, "failure_after_paid", now)
        return moved is not None

    def _unclear(self, unit: Unit, payment: Payment, cause: str, code: str, now: datetime) -> None:
        """M-PESA told something that nobody can read; what is settled already stays as it was told."""
        if payment.status in AWAITING:
            told = {"cause": cause, "outcome_channel": Channel.CALLBACK.value, "outcome_code": code}
            payments.change(unit, payment.id, now=now, **told)
            self._announce(unit, payment, "unclear")
        self._flag(unit, payment, "unknown_code", now)

    def _wonder(self, unit: Unit, payment: Payment, code: str, now: datetime) -> None:
        """The same from a query, which says it again and again: a person is asked once."""
        known, event = {"school_id": payment.school_id, "payment_id": payment.id}, "unknown_code"
        if payments.remark(unit, **known, event=event, now=now, because={"code": code}):
            self._flag(unit, payment, event, now)

    def _paid(
        self,
        unit: Unit,
        payment: Payment,
        number: str | None,
        amount_cents: int | None,
        paid_at: datetime | None,
        source: str,
        payer: str | None,
        now: datetime,
    ) -> None:
        recorded = receipts.record(
            unit,
            payment=payment,
            number=number,
            amount_cents=amount_cents,
            paid_at=paid_at or now,
            source=source,
            payer=payer,
            now=now,
        )
        if recorded.conflict:
            self._flag(unit, payment, recorded.conflict, now)
        if recorded.receipt is None:
            return
        moved = payments.move(
            unit,
            payment.id,
            PaymentStatus.PAID,
            now=now,
            announce=self._announce,
            because={"source": source},
            cause="paid",
        )
        if moved is None and recorded.number_filled:
            self._announce(unit, payment, "receipt_number")
        if source == "callback" and (number is None or amount_cents is None):
            self._flag(unit, payment, "paid_without_details", now)
        if recorded.amount_differs:
            self._flag(unit, payment, "amount_differs", now)

    def _move(
        self, unit: Unit, payment_id: int, verdict: outcomes.Verdict, channel: Channel, now: datetime
    ) -> Payment | None:
        return payments.move(
            unit,
            payment_id,
            verdict.to,
            now=now,
            announce=self._announce,
            because={"channel": channel.value, "code": verdict.code},
            cause="" if verdict.to is PaymentStatus.REQUESTED else verdict.entry.cause,
            outcome_channel=channel.value,
            outcome_code=verdict.code,
            retry_after_s=verdict.entry.retry_after_s,
            reached_mpesa=verdict.reached_mpesa,
        )

    def _flag(self, unit: Unit, payment: Payment, reason: str, now: datetime) -> None:
        payments.change(unit, payment.id, now=now, needs_person=reason)
        self._announce.staff(unit, reason, payment)


def _cents(amount: Decimal | None) -> int | None:
    return None if amount is None else int(amount * 100)
