"""What M-PESA is asked about a code that a parent sent in: a row for each payment and code, claimed like other work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final

from sqlalchemy import ColumnElement, Index, UniqueConstraint, and_, exists, func, select, text, update
from sqlmodel import Field
from sqlmodel import select as select_rows
from sqlmodel.sql.expression import SelectOfScalar

from storage.claims import CLAIMED, CLAIMS
from storage.payment_rows import PAYMENTS, Payment
from storage.payment_state import AWAITING, PaymentStatus
from storage.receipt_rows import RECEIPTS
from storage.schema import Row, one_of, table_of
from storage.unit import Unit, insert_once

TOKEN: Final = "question token"  # noqa: S105 - the purpose under which it is hashed
#: Payments that a code may still decide, or give their number: the others were given back, or never sent.
ASKABLE: Final = AWAITING | {
    *(PaymentStatus.EXPIRED, PaymentStatus.FAILED, PaymentStatus.CANCELLED, PaymentStatus.PAID)
}
EARLIEST: Final = timedelta(seconds=60)  #: M-PESA's clock and ours may differ by so much
LATEST: Final = timedelta(minutes=10)  #: nobody pays a prompt after that
MOST_CODES: Final = 5  #: of one payment; who sends in more is a person's business


class QuestionState(StrEnum):
    """Where a question stands."""

    WAITING = "waiting"  #: to be asked at ask_at
    ASKED = "asked"  #: M-PESA took it; asked once more at ask_at when no result came
    ANSWERED = "answered"
    GIVEN_UP = "given_up"  #: nobody could tell; the claim waits for a person


OPEN: Final = (QuestionState.WAITING.value, QuestionState.ASKED.value)


class Question(Row, table=True):
    """code: the receipt number asked about, in capitals. token: the end of ResultURL and QueueTimeOutURL, the same for
    every try. ask_at: when it is asked next; null once it has ended. asked_at: when it was asked last, tries: how
    often. outcome: what came of it; "" while that is open.
    """

    __tablename__: ClassVar[str] = "questions"
    __table_args__ = (
        one_of("state", QuestionState),
        UniqueConstraint("payment_id", "code"),
        Index(
            "ix_questions_due",
            "ask_at",
            sqlite_where=text("ask_at IS NOT NULL"),
            postgresql_where=text("ask_at IS NOT NULL"),
        ),
        Index("ix_questions_ended", "school_id", "answered_at"),
    )

    id: int = Field(default=None, primary_key=True)
    school_id: int = Field(foreign_key="schools.id")
    kind: str
    payment_id: int = Field(foreign_key="payments.id")
    code: str
    token_hash: str = Field(unique=True, repr=False)
    token_enc: bytes = Field(repr=False)
    state: str = QuestionState.WAITING
    outcome: str = ""
    tries: int = 0
    ask_at: datetime | None = None
    originator_conversation_id: str | None = None
    conversation_id: str | None = None
    asked_at: datetime | None = None
    answered_at: datetime | None = None
    created_at: datetime


QUESTIONS = table_of(Question)
_C = QUESTIONS.c


@dataclass(frozen=True, slots=True)
class Asking:
    """A question for the one who claimed it. tries: with this one."""

    question_id: int
    payment_id: int
    code: str
    token: str = field(repr=False)
    tries: int


def unasked(unit: Unit, school_id: int, *, since: datetime, limit: int = 20) -> list[tuple[int, str]]:
    """(payment, code) of claims made since then that a person would have to look into, and nobody asked about.

    Of one payment no more than MOST_CODES are asked about.
    """
    numbered = exists().where(RECEIPTS.c.payment_id == PAYMENTS.c.id, RECEIPTS.c.number.is_not(None))
    asked = exists().where(_C.payment_id == CLAIMS.c.payment_id, _C.code == CLAIMS.c.code)
    codes = select(func.count()).where(_C.payment_id == CLAIMS.c.payment_id).scalar_subquery()
    statement = (
        select(CLAIMS.c.payment_id, CLAIMS.c.code)
        .join(PAYMENTS, PAYMENTS.c.id == CLAIMS.c.payment_id)
        .where(
            CLAIMS.c.school_id == school_id,
            CLAIMS.c.needs_person == CLAIMED,
            CLAIMS.c.created_at >= since,
            PAYMENTS.c.status.in_(ASKABLE),
            PAYMENTS.c.reached_mpesa,
            ~asked,
            ~numbered,
            codes < MOST_CODES,
        )
        .order_by(CLAIMS.c.id)
        .limit(limit)
    )
    return [(row.payment_id, row.code) for row in unit.core.execute(statement)]


def add(
    unit: Unit, school_id: int, payment_id: int, code: str, *, new_token: Callable[[], str], now: datetime
) -> int | None:
    """A question, due at once; its id. new_token: 128 random bits in lower-case hex. None: it was there before."""
    token = new_token()
    values = {
        "school_id": school_id, "kind": "status", "payment_id": payment_id, "code": code,
        "token_hash": unit.vault.hash(TOKEN, token), "token_enc": unit.vault.seal(token),
        "state": QuestionState.WAITING.value, "outcome": "", "tries": 0, "ask_at": now, "created_at": now,
    }  # fmt: skip
    return insert_once(unit, QUESTIONS, values, ("payment_id", "code"))


def due(unit: Unit, school_id: int, now: datetime, limit: int = 10) -> list[int]:
    """Questions that may be asked now, longest due first."""
    statement = (
        select(_C.id)
        .where(_C.ask_at <= now, _C.school_id == school_id)
        .order_by(_C.ask_at, _C.id)
        .limit(limit)
    )
    return list(unit.core.execute(statement).scalars())


def claim(unit: Unit, question_id: int, *, now: datetime, next_at: datetime) -> Asking | None:
    """Takes a due question for exactly one caller, who must commit before the call. None: another one has it."""
    taken = (
        update(QUESTIONS)
        .where(_C.id == question_id, _C.state.in_(OPEN), _C.ask_at <= now)
        .values(ask_at=next_at, asked_at=now, tries=_C.tries + 1)
        .returning(_C.payment_id, _C.code, _C.token_enc, _C.tries)
    )
    row = unit.core.execute(taken).one_or_none()
    if row is None:
        return None
    return Asking(question_id, row.payment_id, row.code, unit.vault.open_text(row.token_enc), row.tries)


def acknowledged(
    unit: Unit, question_id: int, *, originator: str, conversation: str, now: datetime, again_at: datetime
) -> None:
    """M-PESA took it. A result that was faster stays what it is."""
    ids = {"originator_conversation_id": originator, "conversation_id": conversation, "asked_at": now}
    unit.core.execute(update(QUESTIONS).where(_C.id == question_id).values(ids))
    _open(unit, question_id, state=QuestionState.ASKED.value, ask_at=again_at)


def put_off(unit: Unit, question_id: int, at: datetime) -> bool:
    """Asked again then. False: it has ended."""
    return _open(unit, question_id, ask_at=at)


def end(unit: Unit, question_id: int, state: QuestionState, outcome: str, now: datetime) -> None:
    """Answered or given up. One that was given up is answered by a late result; an answer stands."""
    where: ColumnElement[bool] = _C.id == question_id
    if state is QuestionState.GIVEN_UP:
        where = and_(where, _C.state.in_(OPEN))
    unit.core.execute(
        update(QUESTIONS)
        .where(where)
        .values(state=state.value, outcome=outcome, ask_at=None, answered_at=now)
    )


def by_token(unit: Unit, token: str) -> Question | None:
    """The question whose addresses end in this token."""
    return unit.session.exec(_of_token(unit, token)).first()


def locked(unit: Unit, token: str) -> Question | None:
    """The same as it is now; it stays so until the unit ends."""
    statement = _of_token(unit, token).with_for_update()
    return unit.session.exec(statement.execution_options(populate_existing=True)).first()


def rivals(unit: Unit, payment: Payment, paid_at: datetime) -> int:
    """How many other payments of this amount, to the same receiver and at this time, still lack a receipt number."""
    numbered = exists().where(RECEIPTS.c.payment_id == PAYMENTS.c.id, RECEIPTS.c.number.is_not(None))
    statement = select(func.count()).where(
        PAYMENTS.c.school_id == payment.school_id,
        PAYMENTS.c.id != payment.id,
        PAYMENTS.c.party_b == payment.party_b,
        PAYMENTS.c.amount_cents == payment.amount_cents,
        PAYMENTS.c.reached_mpesa,
        PAYMENTS.c.pushed_at >= paid_at - LATEST,
        PAYMENTS.c.pushed_at <= paid_at + EARLIEST,
        ~numbered,
    )
    return int(unit.core.execute(statement).scalar_one())


def owner_of(unit: Unit, school_id: int, merchant_request_id: str, paid_at: datetime) -> int | None:
    """The payment pushed at that time which M-PESA named by this id when it took the push."""
    statement = select(PAYMENTS.c.id).where(
        PAYMENTS.c.school_id == school_id,
        PAYMENTS.c.pushed_at >= paid_at - LATEST,
        PAYMENTS.c.pushed_at <= paid_at + EARLIEST,
        PAYMENTS.c.merchant_request_id == merchant_request_id,
    )
    return unit.core.execute(statement.limit(1)).scalar_one_or_none()


def _of_token(unit: Unit, token: str) -> SelectOfScalar[Question]:
    return select_rows(Question).where(Question.token_hash == unit.vault.hash(TOKEN, token))


def _open(unit: Unit, question_id: int, **values: Any) -> bool:
    changed = update(QUESTIONS).where(_C.id == question_id, _C.state.in_(OPEN)).values(**values)
    return unit.core.execute(changed).rowcount == 1
