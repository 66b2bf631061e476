"""Ask M-PESA about a code that a parent sent in, where the payment it was sent for is not settled.

The answer comes by another way: `bot.services.answered`. A code alone moves nothing, whatever is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile
from typing import Final

import structlog

from bot.services.school import Clock, School
from daraja import Acknowledged, DarajaClient, DarajaError, Operator
from storage import payments, question_pace, questions, receipts
from storage.database import Database
from storage.questions import ASKABLE, MOST_CODES, Asking, QuestionState
from storage.unit import Unit

log = structlog.get_logger(__name__)

AT_ONCE: Final = 10
LEASE: Final = timedelta(seconds=90)
PATIENCE: Final = timedelta(minutes=1)  #: while one question tries the operator; results come within seconds
ANSWER_WITHIN: Final = timedelta(minutes=10)  #: then the same is asked once more
AGAIN_AFTER: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120))
CLAIMS_OF: Final = timedelta(hours=48)
#: After a fault of the operator, after a second and a third one: M-PESA locks who comes with a wrong password.
PAUSES: Final = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=24))
PROVEN_FOR: Final = timedelta(
    hours=1
)  #: M-PESA has accepted the operator; else one question at a time tries it
#: What a result says when the operator is at fault: asking about the next code is of no use.
OPERATOR_FAULTS: Final = frozenset(
    {"operator_password", "operator_unknown", "operator_not_permitted", "operator_inactive",
     "operator_credential", "operator_locked", "unknown_operator", "no_api_product"}
)  # fmt: skip
#: What comes of a question that M-PESA took up, whatever it says of the code.
HEARD: Final = frozenset({"confirmed", "conflict", "claim_unsure", "claim_denied"})
_NEVER_BETTER: Final = frozenset(
    {"bad_request_local", "bad_field", "bad_payload", "wrong_address", "no_api_product"}
)
_NOT_NEEDED: Final = "not_needed"


def again_at(tries: int, now: datetime) -> datetime | None:
    """When to ask again after so many tries; None: not any more."""
    return now + AGAIN_AFTER[tries - 1] if 1 <= tries <= len(AGAIN_AFTER) else None


class Ask:
    """One question for a payment and a code, and a few more tries when nobody can tell."""

    def __init__(
        self,
        database: Database,
        daraja: DarajaClient,
        school: School,
        clock: Clock,
        *,
        operator: Operator | None,
        new_token: Callable[[], str],
    ) -> None:
        """operator: None when the school named none; then nothing is asked. new_token: as for a push."""
        self._database = database
        self._daraja = daraja
        self._school = school
        self._clock = clock
        self._operator = operator
        self._new_token = new_token

    async def tick(self) -> None:
        """Take up what parents sent in, and ask what is due. Without an address of ours no answer could come."""
        if self._operator is None or not self._school.callbacks:
            return
        now = self._clock()
        if not await self._database.read(self._may_ask):
            return
        found = await self._database.read(
            lambda unit: questions.unasked(unit, self._school.id, since=now - CLAIMS_OF)
        )
        for payment_id, code in found:
            await self._database.write(partial(self._add, payment_id, code))
        due = await self._database.read(
            lambda unit: questions.due(unit, self._school.id, self._clock(), AT_ONCE)
        )
        # Every process takes them in this order and waits for another's claim, so that none asks past an open one.
        for question_id in due:
            if not await self._database.read(self._may_ask):
                return
            if not await self._ask_safely(question_id, self._operator):
                return

    async def _ask_safely(self, question_id: int, operator: Operator) -> bool:
        try:
            return await self._ask(question_id, operator)
        except Exception:
            log.exception("question.not_recorded", question=question_id)
            return True

    async def _ask(self, question_id: int, operator: Operator) -> bool:
        """False: M-PESA would not take another question either."""
        asking = await self._database.write(partial(self._take, question_id))
        if asking is None:
            return True
        try:
            taken = await self._daraja.transaction_status(
                operator,
                transaction_id=asking.code,
                result_url=self._school.answer_url("result", asking.token),
                timeout_url=self._school.answer_url("timeout", asking.token),
            )
        except DarajaError as error:
            log.warning(
                "question.error", payment=asking.payment_id, kind=type(error).__name__, code=error.code
            )
            await self._database.write(partial(self._failed, asking, error))
            return error.cause not in OPERATOR_FAULTS
        log.info("question.asked", payment=asking.payment_id, tries=asking.tries)
        await self._database.write(partial(self._acknowledged, asking, taken))
        return True

    def _may_ask(self, unit: Unit) -> bool:
        """One question at a time until M-PESA has taken up one; after faults of the operator, none for a while."""
        now = self._clock()
        told = question_pace.endings(unit, self._school.id, OPERATOR_FAULTS | HEARD, len(PAUSES))
        faults = list(takewhile(lambda ending: ending[0] in OPERATOR_FAULTS, told))
        if faults and now - faults[0][1] <= PAUSES[len(faults) - 1]:
            return False
        if told and not faults and now - told[0][1] < PROVEN_FOR:
            return True
        return not question_pace.awaited(unit, self._school.id, now - PATIENCE)

    def _add(self, payment_id: int, code: str, unit: Unit) -> None:
        now = self._clock()
        if question_pace.codes_of(unit, payment_id) < MOST_CODES:
            questions.add(unit, self._school.id, payment_id, code, new_token=self._new_token, now=now)

    def _take(self, question_id: int, unit: Unit) -> Asking | None:
        now = self._clock()
        asking = questions.claim(unit, question_id, now=now, next_at=now + LEASE)
        if asking is None:
            return None
        payment, receipt = payments.get(unit, asking.payment_id), receipts.of_payment(unit, asking.payment_id)
        numbered = receipt is not None and receipt.number is not None
        if payment is None or payment.status not in ASKABLE or numbered:
            questions.end(unit, question_id, QuestionState.ANSWERED, _NOT_NEEDED, now)
            return None
        if asking.tries > len(AGAIN_AFTER) + 1:
            self._give_up(unit, asking, "silence")
            return None
        return asking

    def _acknowledged(self, asking: Asking, taken: Acknowledged, unit: Unit) -> None:
        now = self._clock()
        questions.acknowledged(
            unit,
            asking.question_id,
            originator=taken.originator_conversation_id,
            conversation=taken.conversation_id,
            now=now,
            again_at=now + ANSWER_WITHIN,
        )

    def _failed(self, asking: Asking, error: DarajaError, unit: Unit) -> None:
        """What our own settings bring about stays so; whatever else went wrong is tried again, it moves no money."""
        now = self._clock()
        later = None if error.cause in _NEVER_BETTER else again_at(asking.tries, now)
        if later is None:
            self._give_up(unit, asking, error.cause)
        else:
            questions.put_off(unit, asking.question_id, later)

    def _give_up(self, unit: Unit, asking: Asking, outcome: str) -> None:
        """The parent's claim stands on the desk since it was made, and stays there."""
        questions.end(unit, asking.question_id, QuestionState.GIVEN_UP, outcome, self._clock())
        log.warning("question.given_up", payment=asking.payment_id, cause=outcome)
