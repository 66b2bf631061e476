"""M-PESA's answer about a code that a parent sent in: kept as it came, then settled by the same door as a callback.

Credited is only what M-PESA calls completed and what can be no other payment's; anything else goes to a person.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Final

import structlog

from bot.services.announce import Announcer
from bot.services.ask import OPERATOR_FAULTS, again_at
from bot.services.callback_reports import NOT_APPLIED
from bot.services.callbacks import CallbackVerdict
from bot.services.conclude import Conclude, MoneyReport
from bot.services.school import Clock, School
from daraja import (
    BadCallback,
    Channel,
    TransactionStatus,
    look_up,
    parse_result,
    parse_timeout,
    read_transaction_status,
)
from storage import inbox, payments, questions, receipts
from storage.database import Database, DatabaseClosed, NotStored
from storage.payments import Payment
from storage.questions import ASKABLE, EARLIEST, LATEST, OPEN, Question, QuestionState
from storage.unit import Unit

log = structlog.get_logger(__name__)

UNSURE: Final = "claim_unsure"  #: M-PESA knows the code; it may be another payment's
DENIED: Final = "claim_denied"  #: M-PESA does not confirm the code
UNANSWERED: Final = "claim_unanswered"  #: the question went wrong; of the code that says nothing
REFUSED: Final = "operator_refused"  #: M-PESA does not accept the school's operator
_PASSING: Final = frozenset({"mpesa_busy", "internal_error", "still_processing"})
_MEANS: Final = {"done": UNSURE, "no_such_transaction": DENIED}
_CENTS: Final = 100


class Answered:
    """What the two addresses of a question bring."""

    def __init__(self, database: Database, school: School, clock: Clock, announce: Announcer) -> None:
        self._database = database
        self._school = school
        self._clock = clock
        self._conclude = Conclude(announce)

    async def result(self, token: str, body: bytes) -> CallbackVerdict:
        """A result: kept, understood, applied and committed. Raises only when it could not be stored."""
        return await self._take("result", token, body)

    async def timeout(self, token: str, body: bytes) -> CallbackVerdict:
        """M-PESA did not come to it in time: kept; nothing is known yet, and it is asked again."""
        return await self._take("timeout", token, body)

    async def _take(self, channel: str, token: str, body: bytes) -> CallbackVerdict:
        if await self._database.read(lambda unit: questions.by_token(unit, token)) is None:
            return CallbackVerdict.UNKNOWN_TOKEN  # a stranger's guesses never reach the writer
        try:
            return await self._database.write(partial(self._kept_and_applied, channel, token, body))
        except (NotStored, DatabaseClosed):
            raise
        except Exception:
            log.exception("answer.not_applied")
            return await self._database.write(partial(self._kept_only, channel, token, body))

    def _kept_and_applied(self, channel: str, token: str, body: bytes, unit: Unit) -> CallbackVerdict:
        question = questions.locked(unit, token)
        payment = None if question is None else payments.locked(unit, question.payment_id)
        if question is None or payment is None:
            return CallbackVerdict.UNKNOWN_TOKEN
        kept = self._keep(unit, channel, payment, body)
        if not kept.is_new and kept.note != NOT_APPLIED:
            return CallbackVerdict.ACCEPTED
        try:
            said = self._apply(unit, channel, question, payment, body)
        except BadCallback:
            inbox.mark(unit, kept.id, "unapplied", "unknown_shape", needs_person=True)
            self._conclude.flag_body(unit, payment, kept.id, "unknown_shape")
            log.warning("answer.set_aside", payment=payment.id, reason="unknown_shape")
            return CallbackVerdict.ACCEPTED
        inbox.mark(unit, kept.id, "applied", said)
        log.info("answer.taken", payment=payment.id, channel=channel, said=said)
        return CallbackVerdict.ACCEPTED

    def _kept_only(self, channel: str, token: str, body: bytes, unit: Unit) -> CallbackVerdict:
        """It is on disk and on the desk, and a repeat is tried again."""
        question = questions.by_token(unit, token)
        payment = None if question is None else payments.get(unit, question.payment_id)
        if payment is None:
            return CallbackVerdict.UNKNOWN_TOKEN
        kept = self._keep(unit, channel, payment, body)
        inbox.mark(unit, kept.id, "unapplied", NOT_APPLIED, needs_person=True)
        return CallbackVerdict.ACCEPTED

    def _keep(self, unit: Unit, channel: str, payment: Payment, body: bytes) -> inbox.Kept:
        return inbox.keep(
            unit,
            school_id=self._school.id,
            channel=channel,
            body=body,
            payment_id=payment.id,
            now=self._clock(),
        )

    def _apply(self, unit: Unit, channel: str, question: Question, payment: Payment, body: bytes) -> str:
        """One word for what it came to. Raises BadCallback."""
        now = self._clock()
        if channel == "timeout":
            parse_timeout(body)
            self._ask_again(unit, question, "timeout", now)
            return "not_yet_known"
        result = parse_result(body)
        if not result.final:
            return "interim"
        status = read_transaction_status(result)
        if status.outcome == "completed":
            return self._completed(unit, question, payment, status, now)
        if status.outcome == "pending":
            self._ask_again(unit, question, "pending", now)
            return "pending"
        if status.outcome == "failed":
            return self._to_a_person(unit, question, payment, DENIED, now)
        return self._unknown(unit, question, payment, status, now)

    def _unknown(
        self, unit: Unit, question: Question, payment: Payment, status: TransactionStatus, now: datetime
    ) -> str:
        """The question went wrong, or the answer holds a word that nobody knows."""
        cause = look_up(Channel.RESULT, status.result_code, status.result_desc).cause
        if cause in _PASSING:
            self._ask_again(unit, question, cause, now)
            return cause
        if cause in OPERATOR_FAULTS:
            log.error("question.operator_refused", code=status.result_code, cause=cause)
            questions.end(unit, question.id, QuestionState.GIVEN_UP, cause, now)
            if question.state in OPEN:
                self._conclude.flag(unit, payment, REFUSED, now)
            return cause
        reason = _MEANS.get(cause, UNANSWERED)
        if reason == UNANSWERED and question.state not in OPEN:
            return reason  # another try told more
        return self._to_a_person(unit, question, payment, reason, now)

    def _completed(
        self, unit: Unit, question: Question, payment: Payment, status: TransactionStatus, now: datetime
    ) -> str:
        if not self._is_its_own(unit, question, payment, status) or status.amount is None:
            return self._to_a_person(unit, question, payment, UNSURE, now)
        report = MoneyReport(
            "query", question.code, int(status.amount * _CENTS), status.finalised_at or status.initiated_at
        )
        credited = self._conclude.paid(unit, payment, report, now)
        outcome = "confirmed" if credited else "conflict"
        for doubt in (UNSURE, DENIED, UNANSWERED, REFUSED) if credited else ():
            payments.unflag(unit, payment.id, doubt, now)  # another code's claim stands on the desk by itself
        questions.end(unit, question.id, QuestionState.ANSWERED, outcome, now)
        return outcome

    def _is_its_own(
        self, unit: Unit, question: Question, payment: Payment, status: TransactionStatus
    ) -> bool:
        """The code asked about, to this school, for this amount, at the time of this push, and no other's.

        The payer's number proves nothing, but another one than was asked is another's money: paid by hand, perhaps.
        """
        at = status.finalised_at or status.initiated_at
        fits = (
            payment.status in ASKABLE
            and status.receipt == question.code
            and status.amount is not None
            and status.amount * _CENTS == payment.amount_cents
            and status.credited_shortcode in {payment.party_b, payment.shortcode}
            and at is not None
            and payment.pushed_at is not None
            and payment.pushed_at - EARLIEST <= at <= payment.pushed_at + LATEST
            and status.may_be_from(payments.phone_of(unit, payment))
        )
        if not fits or at is None or _numbered_otherwise(unit, question, payment):
            return False
        if receipts.find(unit, payment.school_id, question.code) is not None:
            return True  # its own by M-PESA's own report
        named = status.original_conversation_id
        owner = questions.owner_of(unit, payment.school_id, named, at) if named else None
        return owner == payment.id if owner is not None else questions.rivals(unit, payment, at) == 0

    def _ask_again(self, unit: Unit, question: Question, why: str, now: datetime) -> None:
        """A few times; then the parent's claim stands on the desk, as it does since it was made."""
        if question.state not in OPEN:
            return
        later = again_at(max(question.tries, 1), now)
        if later is not None:
            questions.put_off(unit, question.id, later)
            return
        questions.end(unit, question.id, QuestionState.GIVEN_UP, why, now)
        log.warning("question.given_up", payment=question.payment_id, cause=why)

    def _to_a_person(
        self, unit: Unit, question: Question, payment: Payment, reason: str, now: datetime
    ) -> str:
        questions.end(unit, question.id, QuestionState.ANSWERED, reason, now)
        self._conclude.flag(unit, payment, reason, now)
        return reason


def _numbered_otherwise(unit: Unit, question: Question, payment: Payment) -> bool:
    """The payment has another number, or the number is another payment's."""
    own = receipts.of_payment(unit, payment.id)
    known = receipts.find(unit, payment.school_id, question.code)
    other_number = own is not None and own.number not in (None, question.code)
    return other_number or (known is not None and known.payment_id != payment.id)
