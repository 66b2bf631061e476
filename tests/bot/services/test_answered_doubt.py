"""What M-PESA confirms, and what may all the same be another payer's money: that is never credited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from storage import payments, receipts
from storage.payment_state import PaymentStatus
from storage.unit import Unit
from tests.bot.services.asking import CODE, Asking, completed, open_asking, result
from tests.bot.services.counter import open_file
from tests.builders import a_guardian_with_children, a_sent_payment, announce


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Asking]:
    database = open_file(tmp_path)
    yield await open_asking(database)
    database.close()


@pytest.mark.parametrize(
    "payer",
    [
        "254722000111 - ANOTHER PARENT",
        "0722000111 - ANOTHER PARENT",
        "2547 ***** 111 - ANOTHER PARENT",
        "0722000*** - ANOTHER PARENT",
        "600310 - A COMPANY",
    ],
)
async def test_another_payers_money_is_not_credited_though_amount_and_time_fit(
    desk: Asking, payer: str
) -> None:
    """Paid by hand by somebody else, who passed the SMS on."""
    await desk.question()
    assert await desk.told(completed(DebitPartyName=payer)) == "claim_unsure"
    assert await desk.status() == "requested"
    assert await desk.rows("SELECT id FROM receipts") == []


@pytest.mark.parametrize(
    "payer",
    [
        "254712345456 - CUSTOMER",
        "0712345456 - CUSTOMER",
        "2547 ***** 456 - CUSTOMER",
        "254712***456 - CUSTOMER",
        "0712345*** - CUSTOMER",
        "CUSTOMER",
        "a3" * 32,
        None,
    ],
)
async def test_a_number_that_is_hidden_or_is_the_payers_own_is_no_reason_to_doubt(
    desk: Asking, payer: str | None
) -> None:
    await desk.question()
    assert await desk.told(completed(DebitPartyName=payer)) == "confirmed"


async def test_what_was_given_back_meanwhile_is_not_taken_again(desk: Asking) -> None:
    await desk.question()
    await desk.database.write(lambda unit: _moved(unit, desk, PaymentStatus.PAID, PaymentStatus.REVERSED))
    assert await desk.told(completed()) == "claim_unsure"
    assert await desk.status() == "reversed"
    assert await desk.rows("SELECT id FROM receipts") == []
    assert await desk.rows("SELECT id FROM ledger_entries WHERE kind = 'receipt'") == []


async def test_a_number_that_the_callback_brought_first_is_no_doubt_beside_a_like_payment(
    desk: Asking,
) -> None:
    await desk.question()

    def begin(unit: Unit) -> None:
        family = a_guardian_with_children(unit, desk.school.id)
        a_sent_payment(unit, family, now=desk.now + timedelta(seconds=20))
        payment = payments.get(unit, desk.payment_id)
        assert payment is not None
        receipts.record(
            unit,
            payment=payment,
            number=CODE,
            amount_cents=1_500_00,
            paid_at=None,
            source="callback",
            payer=None,
            now=desk.now,
        )
        _moved(unit, desk, PaymentStatus.PAID)

    await desk.database.write(begin)
    assert await desk.told(completed()) == "confirmed"
    assert await desk.concerns() == set()
    assert len(await desk.rows("SELECT id FROM receipts")) == 1


@pytest.mark.parametrize("code", ["424242", "2028", "1", "15"])
async def test_a_question_that_failed_is_not_said_to_deny_the_code(desk: Asking, code: str) -> None:
    await desk.question()
    assert await desk.told(result(ResultCode=code)) == "claim_unanswered"
    assert await desk.concerns() == {"claim_unanswered"}


@pytest.mark.parametrize("late", ["424242", "2001"])
async def test_a_later_try_that_failed_leaves_what_was_confirmed(desk: Asking, late: str) -> None:
    await desk.question()
    await desk.told(completed())
    assert await desk.told(result(ResultCode=late)) == "confirmed"
    assert (await desk.status(), await desk.concerns()) == ("paid", set())


@pytest.mark.parametrize("code", ["2001", "8006", "18", "21", "SFC_IC0003"])
async def test_an_operators_fault_is_told_to_staff_and_not_to_a_log_alone(desk: Asking, code: str) -> None:
    await desk.question()
    await desk.told(result(ResultCode=code))
    assert await desk.concerns() == {"operator_refused"}
    assert await desk.status() == "requested"


@pytest.mark.parametrize("before", ["2001", "R000002", "424242"])
async def test_what_is_confirmed_in_the_end_waits_for_nobody(desk: Asking, before: str) -> None:
    await desk.question()
    await desk.told(result(ResultCode=before))
    assert await desk.told(completed()) == "confirmed"
    assert await desk.concerns() == set()


def _moved(unit: Unit, desk: Asking, *steps: PaymentStatus) -> None:
    for to in steps:
        payments.move(unit, desk.payment_id, to, now=desk.now, announce=announce)
