"""What M-PESA says about a code: only what is surely this payment's is credited, anything else goes to a person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.services.callbacks import CallbackVerdict
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


async def another(desk: Asking, *, later_s: float = 0, amount_cents: int = 1_500_00) -> int:
    """Another family's prompt."""

    def begin(unit: Unit) -> int:
        family = a_guardian_with_children(unit, desk.school.id)
        at = desk.now + timedelta(seconds=later_s)
        return a_sent_payment(unit, family, amount_cents=amount_cents, now=at).id

    return await desk.database.write(begin)


async def test_what_fits_in_every_way_is_credited_once(desk: Asking) -> None:
    await desk.question()
    for _ in range(2):
        assert await desk.told(completed()) == "confirmed"
    assert await desk.status() == "paid"
    (receipt,) = await desk.rows("SELECT number, amount_cents, amount_told, time_told, source FROM receipts")
    assert tuple(receipt) == (CODE, 1_500_00, True, True, "query")
    assert await desk.rows("SELECT id FROM claims WHERE needs_person IS NOT NULL") == []
    assert await desk.concerns() == set()


@pytest.mark.parametrize(
    "changes",
    [
        {"ReceiptNo": "UKM1ABCDE2"},
        {"ReceiptNo": None},
        {"Amount": 1400},
        {"Amount": "1500.50"},
        {"Amount": None},
        {"FinalisedTime": 20261122115800},
        {"FinalisedTime": 20261122121001},
        {"FinalisedTime": None},
        {"CreditPartyName": "600310 - Uhuru Academy"},
        {"CreditPartyName": "Uhuru Academy 174379"},
        {"CreditPartyName": None},
        {"TransactionStatus": "Reversed"},
        {"TransactionStatus": None},
    ],
)
async def test_what_does_not_fit_credits_nothing_and_goes_to_a_person(
    desk: Asking, changes: dict[str, Any]
) -> None:
    await desk.question()
    assert await desk.told(completed(**changes)) == "claim_unsure"
    assert await desk.status() == "requested"
    assert await desk.rows("SELECT id FROM receipts") == []
    assert await desk.concerns() == {"claim_unsure"}


@pytest.mark.parametrize("word", ["Cancelled", "Declined", "Expired"])
async def test_a_transaction_that_failed_settles_nothing_either(desk: Asking, word: str) -> None:
    await desk.question()
    assert await desk.told(completed(TransactionStatus=word)) == "claim_denied"
    assert await desk.status() == "requested"
    assert await desk.concerns() == {"claim_denied"}


async def test_a_code_that_is_not_confirmed_goes_to_a_person(desk: Asking) -> None:
    await desk.question()
    assert await desk.told(result(ResultCode="R000002")) == "claim_denied"
    assert await desk.concerns() == {"claim_denied"}


@pytest.mark.parametrize(
    "body",
    [
        result(ResultType=1),
        result(ResultCode=26),
        result(ResultCode=17),
        completed(TransactionStatus="Initiated"),
    ],
)
async def test_what_is_not_final_decides_nothing_and_is_asked_again(desk: Asking, body: bytes) -> None:
    await desk.question()
    assert await desk.told(body) == "waiting"
    assert await desk.concerns() == set()
    assert await desk.told(completed()) == "confirmed"


async def test_an_operators_fault_gives_up_and_a_late_answer_counts_all_the_same(desk: Asking) -> None:
    await desk.question()
    assert await desk.told(result(ResultCode=8006)) == "operator_locked"
    assert await desk.told(completed()) == "confirmed"
    assert await desk.status() == "paid"


async def test_one_of_two_payments_that_fit_alike_is_never_guessed(desk: Asking) -> None:
    await another(desk, later_s=20)
    await desk.question()
    assert await desk.told(completed()) == "claim_unsure"
    assert await desk.status() == "requested"


@pytest.mark.parametrize("other", [{"later_s": 700}, {"later_s": -700}, {"amount_cents": 1_400_00}])
async def test_a_payment_of_another_time_or_amount_is_no_rival(desk: Asking, other: dict[str, Any]) -> None:
    await another(desk, **other)
    await desk.question()
    assert await desk.told(completed()) == "confirmed"


async def test_mpesas_own_id_decides_between_payments_that_fit_alike(desk: Asking) -> None:
    second = await another(desk, later_s=20)
    await desk.question()
    assert await desk.told(completed(OriginatorConversationID=f"merchant-{second}")) == "claim_unsure"
    assert await desk.told(completed(OriginatorConversationID=f"merchant-{desk.payment_id}")) == "confirmed"
    assert (await desk.status(), await desk.status(second)) == ("paid", "requested")


async def test_a_number_that_is_anothers_already_is_not_taken(desk: Asking) -> None:
    second = await another(desk, later_s=900)
    await desk.database.write(lambda unit: _paid(unit, second, CODE))
    await desk.question()
    assert await desk.told(completed()) == "claim_unsure"
    assert await desk.status() == "requested"


async def test_a_payment_with_a_number_does_not_get_a_second_one(desk: Asking) -> None:
    await desk.question()
    await desk.database.write(lambda unit: _paid(unit, desk.payment_id, "UKM1ABCDE9"))
    assert await desk.told(completed()) == "claim_unsure"
    assert len(await desk.rows("SELECT id FROM receipts")) == 1


async def test_a_paid_payment_without_a_number_gets_it(desk: Asking) -> None:
    await desk.question()
    await desk.database.write(lambda unit: _paid(unit, desk.payment_id, None))
    assert await desk.told(completed()) == "confirmed"
    assert [row.number for row in await desk.rows("SELECT number FROM receipts")] == [CODE]


async def test_a_stranger_learns_nothing_and_leaves_nothing(desk: Asking) -> None:
    await desk.question()
    for take in (desk.answered.result, desk.answered.timeout):
        assert await take("0" * 32, completed()) is CallbackVerdict.UNKNOWN_TOKEN
    assert await desk.rows("SELECT id FROM inbox_items") == []


async def test_a_result_that_stumbles_is_kept_and_a_repeat_is_taken(desk: Asking) -> None:
    await desk.question()

    async def rename(old: str, new: str) -> None:
        await desk.database.write(
            lambda unit: unit.core.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}") and None
        )

    await rename("receipts", "away")
    assert await desk.told(completed()) == "waiting"
    await rename("away", "receipts")
    (kept,) = await desk.rows("SELECT needs_person FROM inbox_items")
    assert kept.needs_person == "not_applied"
    assert await desk.told(completed()) == "confirmed"


def _paid(unit: Unit, payment_id: int, number: str | None) -> None:
    payment = payments.get(unit, payment_id)
    assert payment is not None
    receipts.record(
        unit,
        payment=payment,
        number=number,
        amount_cents=None,
        paid_at=None,
        source="query",
        payer=None,
        now=payment.created_at,
    )
    payments.move(unit, payment_id, PaymentStatus.PAID, now=payment.created_at, announce=announce)
