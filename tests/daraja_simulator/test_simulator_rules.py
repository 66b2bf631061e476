"""Daraja's own rules for an accepted push, and the small print of its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from daraja.simulator import (
    LAST_DIGITS,
    SCRIPTS,
    Ending,
    PendingShape,
    PromptAnswer,
    Scenario,
    SimulatorConfig,
)

if TYPE_CHECKING:
    from tests.daraja_simulator.conftest import Merchant

    OpenMerchant = Callable[..., Awaitable[Merchant]]

FAST = SimulatorConfig(prompt_s=0, callback_delay_s=0, late_s=0, seed=7)


@pytest.mark.parametrize(
    ("shape", "status", "code"),
    [
        (PendingShape.RESULT_4999, 200, "4999"),
        (PendingShape.ERROR_500, 500, "500.001.1001"),
        (PendingShape.ERROR_200, 200, "500.001.1001"),
    ],
)
async def test_a_query_of_an_open_prompt_says_so(
    open_merchant: OpenMerchant, shape: PendingShape, status: int, code: str
) -> None:
    merchant = await open_merchant(replace(FAST, pending_shape=shape))
    answer = await merchant.query(await merchant.pushed(merchant.phone_for(Scenario.MANUAL)))
    assert answer.status_code == status
    assert code in answer.text


async def test_pending_alternates_between_its_shapes(merchant: Merchant) -> None:
    checkout_id = await merchant.pushed(merchant.phone_for(Scenario.MANUAL))
    answers = [await merchant.query(checkout_id) for _ in range(4)]
    assert [(answer.status_code, "ResultCode" in answer.json()) for answer in answers] == [
        (200, True),
        (500, False),
        (200, False),
        (200, True),
    ]


async def test_a_query_may_decide_nothing_at_random(open_merchant: OpenMerchant) -> None:
    merchant = await open_merchant(replace(FAST, undecided_share=0.5))
    checkout_id = await merchant.pushed()
    await merchant.simulator.settle_all()
    assert {await merchant.result(checkout_id) for _ in range(40)} == {"0", "500.001.1001"}


async def test_the_same_amount_twice_within_two_minutes_is_limited(merchant: Merchant) -> None:
    await merchant.pushed(merchant.phone_for(Scenario.CANCELLED))
    await merchant.simulator.settle_all()
    merchant.clock.forward(119)
    await merchant.pushed(merchant.phone_for(Scenario.CANCELLED))
    await merchant.simulator.settle_all()
    assert merchant.listener.codes == [1032, 17]
    merchant.clock.forward(1)
    await merchant.pushed(merchant.phone_for(Scenario.CANCELLED))
    await merchant.simulator.settle_all()
    assert merchant.listener.codes == [1032, 17, 1032]


async def test_another_amount_is_not_limited(merchant: Merchant) -> None:
    await merchant.pushed()
    await merchant.simulator.settle_all()
    await merchant.pushed(Amount=1501)
    await merchant.simulator.settle_all()
    assert merchant.listener.codes == [0, 0]


async def test_a_phone_with_an_open_prompt_is_locked_for_a_minute(merchant: Merchant) -> None:
    phone = merchant.phone_for(Scenario.MANUAL)
    await merchant.pushed(phone)
    locked = await merchant.push(phone, Amount="20")
    assert locked.status_code == 500
    assert locked.json()["errorMessage"].startswith("Unable to lock subscriber")
    await merchant.pushed()
    merchant.clock.forward(60)
    await merchant.pushed(phone, Amount="20")


async def test_a_phone_is_free_as_soon_as_its_prompt_is_closed(merchant: Merchant) -> None:
    phone = merchant.phone_for(Scenario.MANUAL)
    await merchant.pushed(phone)
    merchant.simulator.answer_prompt(phone, PromptAnswer.CANCEL)
    await merchant.simulator.wait_for_callbacks(1)
    await merchant.pushed(phone, Amount="20")


@pytest.mark.parametrize(
    ("kind", "party_b", "code"),
    [
        ("CustomerPayBillOnline", "174379", 0),
        ("CustomerBuyGoodsOnline", "555001", 0),
        ("CustomerBuyGoodsOnline", "174379", 2028),
        ("CustomerPayBillOnline", "555001", 2028),
        ("CustomerPayBillOnline", "999999", "SFC_IC0003"),
    ],
)
async def test_the_receiver_must_fit_the_transaction_type(
    merchant: Merchant, kind: str, party_b: str, code: int | str
) -> None:
    await merchant.pushed(TransactionType=kind, PartyB=party_b)
    await merchant.simulator.settle_all()
    assert merchant.listener.codes == [code]


async def test_a_prompt_text_over_182_characters_is_never_shown(open_merchant: OpenMerchant) -> None:
    merchant = await open_merchant(replace(FAST, strict_lengths=False))
    await merchant.pushed(AccountReference="A" * 150)
    await merchant.simulator.settle_all()
    assert merchant.listener.codes == [1025]


async def test_a_payer_has_a_limit_a_day(merchant: Merchant) -> None:
    for expected in ([0], [0, 0], [0, 0, 4]):
        await merchant.pushed(Amount=250_000)
        await merchant.simulator.settle_all()
        merchant.clock.forward(120)
        assert merchant.listener.codes == expected
    assert merchant.simulator.books.total_kes == 500_000


async def test_a_phone_may_come_masked(open_merchant: OpenMerchant) -> None:
    merchant = await open_merchant(replace(FAST, masked_phone=True))
    await merchant.pushed()
    await merchant.simulator.settle_all()
    items: list[dict[str, Any]] = merchant.listener.bodies[0]["Body"]["stkCallback"]["CallbackMetadata"][
        "Item"
    ]
    assert items[-1] == {"Name": "PhoneNumber", "Value": "2547 ***** 678"}


async def test_a_refused_callback_is_noted_and_never_sent_again(merchant: Merchant) -> None:
    merchant.listener.status = 503
    await merchant.pushed()
    await merchant.simulator.settle_all()
    assert [delivery.status for delivery in merchant.simulator.callbacks] == [503]
    assert len(merchant.listener.bodies) == 1


async def test_a_listener_that_breaks_down_is_noted(merchant: Merchant) -> None:
    def break_down() -> None:
        raise OSError("disk full")

    merchant.listener.on_callback = break_down
    await merchant.pushed()
    await merchant.simulator.settle_all()
    assert [(delivery.status, delivery.error) for delivery in merchant.simulator.callbacks] == [
        (None, "OSError")
    ]


async def test_a_seed_makes_the_same_numbers_again(open_merchant: OpenMerchant) -> None:
    ids = [await (await open_merchant(replace(FAST, seed=11))).pushed() for _ in range(2)]
    assert ids[0] == ids[1]


async def test_ids_are_never_given_twice(open_merchant: OpenMerchant) -> None:
    merchant = await open_merchant(replace(FAST, same_amount_s=0, lock_s=0, daily_limit_kes=10**9))
    ids = await asyncio.gather(*(merchant.pushed() for _ in range(300)))
    await merchant.simulator.settle_all()
    assert len(set(ids)) == 300
    assert len({moved.receipt for moved in merchant.simulator.books.movements}) == 300


async def test_any_result_code_can_be_ordered(merchant: Merchant) -> None:
    merchant.simulator.set_next(Ending("8006"))
    merchant.simulator.set_next(replace(SCRIPTS[Scenario.CANCELLED], callbacks=0))
    first = await merchant.pushed()
    await merchant.simulator.settle_all()
    second = await merchant.pushed(Amount=7)
    await merchant.simulator.settle_all()
    assert merchant.listener.codes == [8006]
    assert [await merchant.result(first), await merchant.result(second)] == ["8006", "1032"]


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="speed"):
        SimulatorConfig(speed=0)
    with pytest.raises(ValueError, match="undecided_share"):
        SimulatorConfig(undecided_share=2)


def test_every_scenario_has_a_script_and_last_digits() -> None:
    assert set(SCRIPTS) == set(Scenario)
    assert set(LAST_DIGITS.values()) | {Scenario.PAID} == set(Scenario)
