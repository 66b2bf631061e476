"""What happens to an accepted push: money, callbacks and what the query says."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from daraja.simulator import (
    PromptAnswer,
    Scenario,
    SimulatorConfig,
)
from daraja.simulator.payloads import RESULTS

if TYPE_CHECKING:
    from tests.daraja_simulator.conftest import Merchant

    OpenMerchant = Callable[..., Awaitable[Merchant]]

FAST = SimulatorConfig(prompt_s=0, callback_delay_s=0, late_s=0, seed=7)
PHONE = "254712345678"
FAILURES = {
    Scenario.CANCELLED: 1032,
    Scenario.WRONG_PIN: 2001,
    Scenario.NO_FUNDS: 1,
    Scenario.UNREACHABLE: 1037,
    Scenario.EXPIRED: 1019,
}


async def test_a_paid_push_moves_the_money_and_calls_back_once(merchant: Merchant) -> None:
    checkout_id = await merchant.pushed()
    assert re.fullmatch(r"ws_CO_22112026090000[0-9]{3}712345678", checkout_id)
    await merchant.simulator.wait_for_callbacks(1)
    (moved,) = merchant.simulator.books.movements
    assert (moved.amount_kes, moved.msisdn, moved.account_reference) == (1500, PHONE, "ADM1042")
    assert moved.at == datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    assert re.fullmatch(r"UKM[0-9][A-Z0-9]{6}", moved.receipt)
    (body,) = merchant.listener.bodies
    callback = body["Body"]["stkCallback"]
    assert (callback["CheckoutRequestID"], callback["ResultCode"]) == (checkout_id, 0)
    assert callback["CallbackMetadata"]["Item"] == [
        {"Name": "Amount", "Value": 1500.0},
        {"Name": "MpesaReceiptNumber", "Value": moved.receipt},
        {"Name": "Balance"},
        {"Name": "TransactionDate", "Value": 20261122090000},
        {"Name": "PhoneNumber", "Value": 254712345678},
    ]
    assert merchant.listener.headers[0]["content-type"] == "application/json;charset=UTF-8"
    assert merchant.listener.headers[0]["businessshortcode"] == "174379"
    assert await merchant.result(checkout_id) == "0"


@pytest.mark.parametrize(("scenario", "code"), FAILURES.items())
async def test_a_failed_push_moves_nothing_and_says_why(
    merchant: Merchant, scenario: Scenario, code: int
) -> None:
    checkout_id = await merchant.pushed(merchant.phone_for(scenario))
    await merchant.simulator.settle_all()
    (body,) = merchant.listener.bodies
    assert (
        body["Body"]["stkCallback"].items() >= {"ResultCode": code, "ResultDesc": RESULTS[str(code)]}.items()
    )
    assert "CallbackMetadata" not in body["Body"]["stkCallback"]
    assert merchant.simulator.books.movements == []
    assert await merchant.result(checkout_id) == str(code)


async def test_silence_moves_the_money_and_only_the_query_tells(merchant: Merchant) -> None:
    checkout_id = await merchant.pushed(merchant.phone_for(Scenario.SILENT))
    await merchant.simulator.settle_all()
    assert merchant.listener.bodies == []
    assert merchant.simulator.books.total_kes == 1500
    assert await merchant.result(checkout_id) == "0"


async def test_a_late_callback_comes_long_after_the_money(open_merchant: OpenMerchant) -> None:
    merchant = await open_merchant(replace(FAST, late_s=3600))
    checkout_id = await merchant.pushed(merchant.phone_for(Scenario.LATE))
    await merchant.simulator.wait_for_movements(1)
    assert await merchant.result(checkout_id) == "0"
    assert merchant.listener.bodies == []
    await merchant.simulator.settle_all()
    assert merchant.listener.codes == [0]


async def test_a_duplicate_callback_comes_as_often_as_configured(open_merchant: OpenMerchant) -> None:
    merchant = await open_merchant(replace(FAST, duplicates=20))
    await merchant.pushed(merchant.phone_for(Scenario.DUPLICATE))
    await merchant.simulator.wait_for_callbacks(20)
    assert all(body == merchant.listener.bodies[0] for body in merchant.listener.bodies)
    assert len(merchant.listener.bodies) == 20
    assert len(merchant.simulator.books.movements) == 1


async def test_a_callback_may_come_before_the_answer_to_its_push(merchant: Merchant) -> None:
    checkout_id = await merchant.pushed(merchant.phone_for(Scenario.CALLBACK_FIRST))
    (body,) = merchant.listener.bodies
    assert body["Body"]["stkCallback"]["CheckoutRequestID"] == checkout_id


async def test_a_lost_answer_is_an_accepted_push_all_the_same(merchant: Merchant) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await merchant.push(merchant.phone_for(Scenario.ANSWER_LOST))
    await merchant.simulator.settle_all()
    assert merchant.simulator.books.total_kes == 1500
    assert merchant.listener.codes == [0]
    assert [push.answered for push in merchant.simulator.pushes] == ["dropped"]


async def test_success_may_follow_a_failure(merchant: Merchant) -> None:
    checkout_id = await merchant.pushed(merchant.phone_for(Scenario.SUCCESS_AFTER_FAILURE))
    await merchant.simulator.settle_all()
    assert merchant.listener.codes == [1037, 0]
    assert len(merchant.simulator.books.movements) == 1
    assert await merchant.result(checkout_id) == "0"


async def test_the_query_may_lie_while_the_callback_does_not(merchant: Merchant) -> None:
    checkout_id = await merchant.pushed(merchant.phone_for(Scenario.LYING_QUERY))
    assert await merchant.result(checkout_id) == "1032"
    await merchant.simulator.settle_all()
    assert await merchant.result(checkout_id) == "1032"
    assert merchant.listener.codes == [0]
    assert merchant.simulator.books.total_kes == 1500


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (PromptAnswer.PIN, 0),
        (PromptAnswer.CANCEL, 1032),
        (PromptAnswer.WRONG_PIN, 2001),
        (PromptAnswer.IGNORE, 1019),
    ],
)
async def test_a_person_answers_a_manual_prompt(merchant: Merchant, answer: PromptAnswer, code: int) -> None:
    phone = merchant.phone_for(Scenario.MANUAL)
    await merchant.pushed(phone)
    prompt = await merchant.simulator.wait_for_prompt(phone)
    assert prompt.text == (
        "Do you want to pay Ksh. 1500.00 to Daraja-Simulator Account no. ADM1042? Enter M-PESA PIN:"
    )
    merchant.simulator.answer_prompt(phone, answer)
    with pytest.raises(LookupError):
        merchant.simulator.answer_prompt(phone, answer)
    await merchant.simulator.wait_for_callbacks(1)
    assert merchant.listener.codes == [code]
    assert len(merchant.simulator.books.movements) == (code == 0)


async def test_a_manual_prompt_nobody_answers_expires(merchant: Merchant) -> None:
    await merchant.pushed(merchant.phone_for(Scenario.MANUAL))
    await merchant.simulator.settle_all()
    assert merchant.listener.codes == [1019]


async def test_a_prompt_that_is_not_manual_takes_no_answer(open_merchant: OpenMerchant) -> None:
    merchant = await open_merchant(replace(FAST, prompt_s=3600))
    await merchant.pushed()
    with pytest.raises(LookupError):
        merchant.simulator.answer_prompt(PHONE)


async def test_delays_pass_by_themselves(open_merchant: OpenMerchant) -> None:
    merchant = await open_merchant(SimulatorConfig(speed=1000))
    await merchant.pushed()
    await merchant.simulator.wait_for_callbacks(1)
    assert merchant.listener.codes == [0]
