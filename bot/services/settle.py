"""Apply what M-PESA says, whoever brings it: push's answer, callback, query. The one door to an outcome."""

from __future__ import annotations

from datetime import datetime

import structlog

from bot.services import outcomes, schedule
from bot.services.announce import Announcer
from bot.services.callback_reports import CallbackReports
from bot.services.callbacks import CallbackVerdict
from bot.services.conclude import Conclude, MoneyReport
from bot.services.line_watch import LineWatch
from bot.services.school import Clock, School
from daraja import DarajaError, StkAccepted, StkQueryResult, look_up
from daraja.catalogue import Channel
from storage import payments
from storage.database import Database, DatabaseClosed, NotStored
from storage.payment_state import AWAITING, PaymentStatus
from storage.payments import Payment
from storage.unit import Unit

log = structlog.get_logger(__name__)


class Settle:
    """Every report ends here; success is sticky, and what cannot be applied waits for a person."""

    def __init__(self, database: Database, school: School, clock: Clock, announce: Announcer) -> None:
        self._database = database
        self._clock = clock
        self._conclude = Conclude(announce)
        self._line = LineWatch(school)
        self._callbacks = CallbackReports(school, clock, self._conclude)

    async def callback(self, token: str, body: bytes) -> CallbackVerdict:
        """One callback: kept, understood, applied and committed. Raises only when it could not be stored."""
        if await self._database.read(lambda unit: payments.by_token(unit, token)) is None:
            return CallbackVerdict.UNKNOWN_TOKEN  # a stranger's guesses never reach the writer
        try:
            return await self._database.write(lambda unit: self._callbacks.take(unit, token, body))
        except (NotStored, DatabaseClosed):
            raise
        except Exception:
            log.exception("callback.not_applied")
            return await self._database.write(lambda unit: self._callbacks.keep_only(unit, token, body))

    async def push_outcome(self, payment_id: int, outcome: StkAccepted | DarajaError) -> None:
        """The push's own answer; a late one only fills in ids."""
        await self._database.write(lambda unit: self.apply_push(unit, payment_id, outcome))

    async def query_outcome(self, payment_id: int, result: StkQueryResult) -> None:
        """What the status query said; a failure counts only late and repeated."""
        await self._database.write(lambda unit: self.apply_query(unit, payment_id, result))

    def apply_push(self, unit: Unit, payment_id: int, outcome: StkAccepted | DarajaError) -> None:
        """The same inside a unit of work."""
        now = self._clock()
        sign = self._sign(unit, payment_id, outcome, now)
        payments.locked(unit, payment_id)
        if isinstance(outcome, StkAccepted):
            self._note_ids(unit, payment_id, outcome, now)
        verdict = outcomes.of_push(outcome)
        moved = self._conclude.move(unit, payment_id, verdict, Channel.PUSH, now)
        if moved is not None and moved.status is PaymentStatus.FAILED:
            self._line.note(unit, moved, sign, now)
        if moved is not None and moved.cause in outcomes.FOR_A_PERSON:
            self._conclude.flag(unit, moved, "unknown_code", now)
        log.info("push.answered", payment=payment_id, status=verdict.to.value, code=verdict.code)

    def _sign(self, unit: Unit, payment_id: int, outcome: StkAccepted | DarajaError, now: datetime) -> str:
        """What the answer says about the school's line; "" for nothing."""
        payment = payments.get(unit, payment_id)
        if payment is None or payment.pushed_at is None:
            return ""
        return self._line.pushed(unit, payment.pushed_at, outcome, now)

    def apply_query(self, unit: Unit, payment_id: int, result: StkQueryResult) -> None:
        """The same inside a unit of work. Schedules the next question where nothing is decided."""
        now = self._clock()
        payment = payments.locked(unit, payment_id)
        if payment is None or payment.pushed_at is None:
            return
        log.info("query.answered", payment=payment_id, outcome=result.outcome, code=result.result_code)
        if result.outcome == "paid":
            self._conclude.paid(unit, payment, MoneyReport("query"), now)
            return
        entry = look_up(Channel.QUERY, result.result_code, result.result_desc)
        if result.outcome == "failed" and entry.final and _failure_counts(payment, result, now):
            verdict = outcomes.of_failure(entry, result.result_code)
            self._conclude.move(unit, payment_id, verdict, Channel.QUERY, now)
            return
        if payment.status in AWAITING and entry.cause in outcomes.FOR_A_PERSON:
            self._wonder(unit, payment, result.result_code, now)
        said_once = result.outcome == "failed" and entry.final and payment.query_failed_at is None
        if schedule.is_over(payment.pushed_at, now) and not said_once:
            self._conclude.expire(unit, payment_id, now)
        else:
            _ask_later(unit, payment, result, now)

    def _wonder(self, unit: Unit, payment: Payment, code: str, now: datetime) -> None:
        """M-PESA says again and again what nobody can read: a person is asked once."""
        known, event = {"school_id": payment.school_id, "payment_id": payment.id}, "unknown_code"
        if payments.remark(unit, **known, event=event, now=now, because={"code": code}):
            self._conclude.flag(unit, payment, event, now)

    def apply_silence(self, unit: Unit, payment_id: int) -> None:
        """Nothing can be asked about this payment any more, and its day is over."""
        self._conclude.expire(unit, payment_id, self._clock())

    def _note_ids(self, unit: Unit, payment_id: int, accepted: StkAccepted, now: datetime) -> None:
        ids = accepted.merchant_request_id, accepted.checkout_request_id
        if payments.note_checkout(unit, payment_id, *ids, now):
            return
        payment = payments.get(unit, payment_id)
        if payment is not None and payments.checkout_of(unit, payment) != accepted.checkout_request_id:
            self._conclude.flag(unit, payment, "other_checkout_id", now)


def _late(payment: Payment, now: datetime) -> bool:
    return payment.pushed_at is not None and now - payment.pushed_at >= schedule.FAILURE_COUNTS_AFTER


def _failure_counts(payment: Payment, result: StkQueryResult, now: datetime) -> bool:
    """Late, and said before: the same code, and not in the same moment."""
    if not _late(payment, now) or payment.query_failed_at is None:
        return False
    repeated = now - payment.query_failed_at >= schedule.UNDECIDED_WAIT
    return repeated and payment.query_failure_code == result.result_code


def _ask_later(unit: Unit, payment: Payment, result: StkQueryResult, now: datetime) -> None:
    if payment.check_at is None or payment.pushed_at is None:
        return
    undecided = payment.undecided + 1 if result.outcome == "undecided" else 0
    changes: dict[str, object] = {
        "check_at": schedule.next_check(payment.pushed_at, now, undecided),
        "undecided": undecided,
    }
    if result.outcome == "pending":
        changes |= {"query_failure_code": None, "query_failed_at": None}
    if result.outcome == "failed" and _late(payment, now):
        same = payment.query_failure_code == result.result_code and payment.query_failed_at is not None
        changes |= {
            "query_failure_code": result.result_code,
            "query_failed_at": payment.query_failed_at if same else now,
            "check_at": now + schedule.UNDECIDED_WAIT,
        }
    payments.change(unit, payment.id, now=now, **changes)
