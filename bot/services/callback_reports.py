"""One callback: kept as it came, understood, applied; what cannot be applied waits for a person."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import structlog

from bot.services import outcomes
from bot.services.callbacks import CallbackVerdict
from bot.services.conclude import Conclude, MoneyReport
from bot.services.school import Clock, School
from daraja import BadCallback, StkCallback, look_up, parse_stk_callback
from daraja.catalogue import Channel
from storage import inbox, payments
from storage.payment_state import AWAITING, PaymentStatus
from storage.payments import Payment
from storage.unit import Unit

log = structlog.get_logger(__name__)

NOT_APPLIED = "not_applied"


class CallbackReports:
    """The callback's half of `Settle`."""

    def __init__(self, school: School, clock: Clock, conclude: Conclude) -> None:
        self._school = school
        self._clock = clock
        self._conclude = conclude

    def take(self, unit: Unit, token: str, body: bytes) -> CallbackVerdict:
        """Keep and apply. A repeat of a body that was applied changes nothing."""
        now = self._clock()
        payment = _locked(unit, token)
        if payment is None:
            return CallbackVerdict.UNKNOWN_TOKEN
        kept = self._keep(unit, payment, body, now)
        if not kept.is_new and kept.note != NOT_APPLIED:
            return CallbackVerdict.ACCEPTED
        try:
            callback = parse_stk_callback(body)
        except BadCallback:
            self._set_aside(unit, payment, kept.id, "unknown_shape")
            return CallbackVerdict.ACCEPTED
        if not self._belongs(unit, payment, callback, now):
            self._set_aside(unit, payment, kept.id, "other_checkout_id")
            return CallbackVerdict.ACCEPTED
        if callback.result_code == "0" and callback.amount is not None and callback.amount <= 0:
            self._set_aside(unit, payment, kept.id, "no_amount")
            return CallbackVerdict.ACCEPTED
        applied = self._apply(unit, payment, callback, now)
        inbox.mark(unit, kept.id, "applied" if applied else "unapplied", callback.result_code)
        log.info("callback.taken", payment=payment.id, code=callback.result_code, applied=applied)
        return CallbackVerdict.ACCEPTED

    def keep_only(self, unit: Unit, token: str, body: bytes) -> CallbackVerdict:
        """For a report that could not be applied: it is on disk and on the desk, and a repeat is tried again."""
        payment = payments.by_token(unit, token)
        if payment is None:
            return CallbackVerdict.UNKNOWN_TOKEN
        kept = self._keep(unit, payment, body, self._clock())
        inbox.mark(unit, kept.id, "unapplied", NOT_APPLIED, needs_person=True)
        return CallbackVerdict.ACCEPTED

    def _keep(self, unit: Unit, payment: Payment, body: bytes, now: datetime) -> inbox.Kept:
        return inbox.keep(
            unit, school_id=self._school.id, channel="stk", body=body, payment_id=payment.id, now=now
        )

    def _set_aside(self, unit: Unit, payment: Payment, item_id: int, reason: str) -> None:
        inbox.mark(unit, item_id, "unapplied", reason, needs_person=True)
        self._conclude.flag_body(unit, payment, item_id, reason)
        log.warning("callback.set_aside", payment=payment.id, reason=reason)

    def _belongs(self, unit: Unit, payment: Payment, callback: StkCallback, now: datetime) -> bool:
        known = payments.checkout_of(unit, payment)
        if known is not None:
            return known == callback.checkout_request_id
        return payments.note_checkout(
            unit, payment.id, callback.merchant_request_id, callback.checkout_request_id, now
        )

    def _apply(self, unit: Unit, payment: Payment, callback: StkCallback, now: datetime) -> bool:
        if callback.result_code == "0":
            report = MoneyReport(
                "callback",
                callback.receipt,
                _cents(callback.amount),
                callback.transaction_date,
                callback.phone,
            )
            return self._conclude.paid(unit, payment, report, now)
        entry = look_up(Channel.CALLBACK, callback.result_code, callback.result_desc)
        if not entry.final:
            if entry.cause in outcomes.FOR_A_PERSON:
                self._unclear(unit, payment, entry.cause, callback.result_code, now)
            return True
        verdict = outcomes.of_failure(entry, callback.result_code)
        moved = self._conclude.move(unit, payment.id, verdict, Channel.CALLBACK, now)
        if moved is None and payment.status == PaymentStatus.PAID:
            self._conclude.flag(unit, payment, "failure_after_paid", now)
        return moved is not None

    def _unclear(self, unit: Unit, payment: Payment, cause: str, code: str, now: datetime) -> None:
        """M-PESA told something that nobody can read; what is settled already stays as it was told."""
        if payment.status in AWAITING:
            told = {"cause": cause, "outcome_channel": Channel.CALLBACK.value, "outcome_code": code}
            changed = payments.change(unit, payment.id, now=now, **told)
            self._conclude.tell(unit, changed, "unclear")
        self._conclude.flag(unit, payment, "unknown_code", now)


def _locked(unit: Unit, token: str) -> Payment | None:
    """The payment whose address this is; twenty copies of a report at once are taken one after the other."""
    named = payments.by_token(unit, token)
    return None if named is None else payments.locked(unit, named.id)


def _cents(amount: Decimal | None) -> int | None:
    return None if amount is None else int(amount * 100)
