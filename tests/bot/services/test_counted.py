"""What M-PESA answered is counted, and nothing else changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bot.services.counted import CountedDaraja, Tally
from daraja import AnswerLost, Credentials, NeverSent, Refused
from tests.bot.services.safaricom import PAID, PushAnswer, QueryAnswer, Safaricom

CREDENTIALS = Credentials(
    consumer_key="invented-key",
    consumer_secret="invented-secret",
    shortcode="174379",
    passkey="invented-passkey",
)
CHECKOUT = "ws_CO_000000001"


@dataclass
class Line:
    """A counted client, M-PESA at its other end, and what was noted."""

    mpesa: Safaricom = field(default_factory=Safaricom)
    tally: Tally = field(default_factory=Tally)
    answered: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = CountedDaraja(
            CREDENTIALS, self.tally, answered=lambda: self.answered.append("yes"), transport=self.mpesa
        )

    async def push(self, amount: int = 1) -> str:
        accepted = await self.client.stk_push(
            amount_kes=amount,
            party_a="254712345678",
            phone_number="254712345678",
            callback_url="https://karo.invalid/daraja/stk/0",
            account_reference="1042",
            transaction_desc="School fees",
        )
        return accepted.checkout_request_id


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    line = Line()
    yield line
    await line.client.aclose()


async def test_pushes_are_counted_by_what_became_of_them(line: Line) -> None:
    line.mpesa.push_answers = {
        2: PushAnswer("never"),
        3: PushAnswer("lost"),
        4: PushAnswer("error", "500.001.1001", "Unable to lock subscriber"),
    }
    assert await line.push() == CHECKOUT
    assert await line.push() != CHECKOUT
    for amount, error in ((2, NeverSent), (3, AnswerLost), (4, Refused)):
        with pytest.raises(error):
            await line.push(amount)
    assert line.tally.pushes == {"accepted": 2, "never_sent": 1, "answer_lost": 1, "subscriber_locked": 1}
    assert (line.tally.queries, line.answered) == ({}, [])


async def test_questions_are_counted_and_good_answers_noted(line: Line) -> None:
    line.mpesa.query_answers = {"paid": PAID, "lost": QueryAnswer("lost")}
    assert (await line.client.stk_query(CHECKOUT)).outcome == "pending"
    assert (await line.client.stk_query("paid")).outcome == "paid"
    with pytest.raises(AnswerLost):
        await line.client.stk_query("lost")
    assert line.tally.queries == {"pending": 1, "paid": 1, "answer_lost": 1}
    assert line.answered == ["yes", "yes"]
