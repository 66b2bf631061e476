"""A school with an API operator, one payment that nobody told us of, and what M-PESA may answer about its code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from bot.services.announce import Announcer
from bot.services.answered import Answered
from bot.services.ask import Ask
from bot.services.callbacks import CallbackVerdict
from bot.services.school import School
from daraja import DarajaClient, Operator
from storage import claims, payments, questions
from storage.database import Database
from storage.unit import Unit
from tests.builders import NOON, PHONE, Family, a_guardian_with_children, a_school, a_sent_payment
from tests.daraja.operators import operator

CODE = "UKM1ABCDE1"
TOKEN = "ab" * 16
PAID_AT = 20261122120030  #: half a minute after the push, in Nairobi


@dataclass
class Asking:
    """One school's desk. The clock moves when it is told to."""

    database: Database
    school: School
    family: Family
    payment_id: int
    now: datetime = NOON
    tokens: int = 0

    def clock(self) -> datetime:
        return self.now

    @property
    def answered(self) -> Answered:
        return Answered(self.database, self.school, self.clock, Announcer(self.school, self.clock))

    def ask(self, daraja: DarajaClient, who: Operator | None = None) -> Ask:
        return Ask(
            self.database,
            daraja,
            self.school,
            self.clock,
            operator=who or operator(),
            new_token=self._new_token,
        )

    def _new_token(self) -> str:
        self.tokens += 1
        return f"{self.tokens:032x}"

    async def claim(self, code: str = CODE, payment_id: int | None = None) -> None:
        """The parent sends in a code."""
        await self.database.write(
            lambda unit: claims.add_claim(
                unit,
                school_id=self.school.id,
                chat_id=self.family.chat.id,
                code=code,
                payment_id=payment_id or self.payment_id,
                now=self.now,
            )
        )

    async def question(self, code: str = CODE, payment_id: int | None = None) -> None:
        """The code is claimed, and M-PESA was asked about it."""
        await self.claim(code, payment_id)

        def asked(unit: Unit) -> None:
            made = questions.add(
                unit,
                self.school.id,
                payment_id or self.payment_id,
                code,
                new_token=lambda: TOKEN,
                now=self.now,
            )
            assert made is not None
            assert questions.claim(unit, made, now=self.now, next_at=self.now + timedelta(minutes=10))

        await self.database.write(asked)

    async def told(self, body: bytes) -> str:
        """A result comes; the outcome of the question, or its state while that is open."""
        assert await self.answered.result(TOKEN, body) is CallbackVerdict.ACCEPTED
        row = (await self.rows("SELECT state, outcome FROM questions"))[0]
        return str(row.outcome or row.state)

    async def rows(self, statement: str) -> list[Any]:
        return await self.database.read(lambda unit: list(unit.core.execute(text(statement)).all()))

    async def status(self, payment_id: int | None = None) -> str:
        wanted = payment_id or self.payment_id

        def look(unit: Unit) -> str:
            payment = payments.get(unit, wanted)
            assert payment is not None
            return payment.status.value

        return await self.database.read(look)

    async def concerns(self) -> set[str]:
        return {
            row.reason
            for row in await self.rows("SELECT reason FROM payment_concerns WHERE ended_at IS NULL")
        }


async def open_asking(database: Database) -> Asking:
    """A school with one prompt that went out at noon."""

    def begin(unit: Unit) -> tuple[int, Family, int]:
        school_id = a_school(unit)
        family = a_guardian_with_children(unit, school_id, phone=PHONE, owes_cents=5_000_00)
        return school_id, family, a_sent_payment(unit, family).id

    school_id, family, payment_id = await database.write(begin)
    school = School(
        id=school_id,
        name="Uhuru Academy",
        contact="020 123 456",
        shortcode="174379",
        party_b="174379",
        transaction_type="CustomerPayBillOnline",
        sandbox=True,
        public_url="https://karo.invalid",
    )
    return Asking(database, school, family, payment_id)


def completed(**changes: Any) -> bytes:
    """M-PESA says: completed, all as asked; but for changes. None leaves a parameter's value out."""
    told: dict[str, Any] = {
        "TransactionStatus": "Completed",
        "ReceiptNo": CODE,
        "Amount": 1500.0,
        "FinalisedTime": PAID_AT,
        "CreditPartyName": "174379 - Uhuru Academy",
        "DebitPartyName": "254712345456 - CUSTOMER",
        "OriginatorConversationID": "6b16-43f4-a9f6",
    } | changes
    rows = [{"Key": key} if value is None else {"Key": key, "Value": value} for key, value in told.items()]
    return result(ResultParameters={"ResultParameter": rows})


def result(**changes: Any) -> bytes:
    """A result of a success, but for changes."""
    usual = {"ResultType": 0, "ResultCode": 0, "ConversationID": "AG_1", "OriginatorConversationID": "1-2-3"}
    return json.dumps({"Result": usual | changes}).encode()
