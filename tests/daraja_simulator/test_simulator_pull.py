"""Pull and Dynamic QR at the simulator, by the client."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from daraja import BadRequest, PullPage, Refused, TokenRefused
from daraja.simulator import Endpoint, PullShape
from tests.daraja_simulator.conftest import PHONE, Merchant
from tests.daraja_simulator.till import URL, Till, open_till

HOURS = timedelta(hours=1)


async def registered(till: Till) -> None:
    await till.client.pull_register(nominated_number="0712 345 678", callback_url=f"{URL}/pulled")


async def page(till: Till, offset: int = 0) -> PullPage:
    now = till.clock.now
    return await till.client.pull_transactions(start=now - 48 * HOURS, end=now + HOURS, offset=offset)


async def pay(till: Till, count: int) -> list[str]:
    """So many payments, a second apart; their receipt numbers."""
    receipts = []
    for _ in range(count):
        till.clock.forward(1)
        moved = await till.simulator.pay_by_hand(PHONE, 10, "ADM1042")
        assert moved is not None
        receipts.append(moved.receipt)
    return receipts


async def test_a_second_registration_is_as_good() -> None:
    async with open_till() as till:
        answers = [
            await till.client.pull_register(nominated_number=PHONE, callback_url=f"{URL}/pulled")
            for _ in range(2)
        ]
    assert [answer.already for answer in answers] == [False, True]


@pytest.mark.parametrize("shape", list(PullShape))
@pytest.mark.parametrize("zulu", [True, False])
async def test_what_came_in_is_pulled_whoever_was_told(shape: PullShape, zulu: bool) -> None:
    async with open_till(pull_shape=shape, pull_zulu=zulu) as till:
        await registered(till)
        (receipt,) = await pay(till, 1)
        await till.push()
        await till.simulator.settle_all()
        found = await page(till)
        paid_at = till.clock.now
    assert [row.receipt for row in found.rows] == [m.receipt for m in till.simulator.books.movements]
    first = found.rows[0]
    assert (first.receipt, first.amount, first.paid_at) == (receipt, Decimal(10), paid_at)
    assert (first.bill_reference, first.msisdn, found.certain) == ("ADM1042", PHONE, True)


async def test_1001_comes_for_nothing_and_for_no_provision() -> None:
    async with open_till() as till:
        await pay(till, 1)
        assert await page(till) == PullPage((), certain=False)
        await till.simulator.reset()
        await registered(till)
        assert await page(till) == PullPage((), certain=False)
    async with open_till(pull_empty_code="1000") as till:
        await registered(till)
        assert await page(till) == PullPage((), certain=True)


@pytest.mark.parametrize("by_rows", [True, False])
@pytest.mark.parametrize("count", [0, 4, 5, 23])
async def test_the_walk_brings_every_payment_once(count: int, by_rows: bool) -> None:
    async with open_till(pull_page_rows=5, pull_by_rows=by_rows) as till:
        await registered(till)
        receipts = await pay(till, count)
        now = till.clock.now
        pages = [page async for page in till.client.pull_pages(start=now - HOURS, end=now + HOURS)]
    assert [row.receipt for page in pages for row in page.rows] == receipts
    assert pages[-1].certain == bool(count)


async def test_a_page_of_a_thousand_rows_is_not_too_much_for_the_client() -> None:
    async with open_till(pull_page_rows=1000) as till:
        await registered(till)
        receipts = await pay(till, 1000)
        assert [row.receipt for row in (await page(till)).rows] == receipts


async def test_only_what_was_paid_in_the_time_asked_for() -> None:
    async with open_till() as till:
        await registered(till)
        await pay(till, 1)
        till.clock.forward(3600)
        (late,) = await pay(till, 1)
        now = till.clock.now
        found = await till.client.pull_transactions(start=now - HOURS / 2, end=now + HOURS)
    assert [row.receipt for row in found.rows] == [late]


async def test_further_back_than_48_hours_is_not_even_sent() -> None:
    async with open_till() as till:
        now = till.clock.now
        with pytest.raises(BadRequest):
            await till.client.pull_transactions(start=now - 49 * HOURS, end=now)
        assert till.simulator.counts[Endpoint.PULL_QUERY] == 0


async def test_a_stale_token_is_renewed_once_and_the_question_asked_again() -> None:
    async with open_till() as till:
        await registered(till)
        till.simulator.forget_tokens()
        await page(till)
        till.simulator.fail_next(Endpoint.PULL_QUERY, "token_refused", times=2)
        with pytest.raises(TokenRefused):
            await page(till)
    assert till.simulator.counts[Endpoint.PULL_QUERY] == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"StartDate": "2026-11-19 00:00:00"},
        {"StartDate": "20261122090000"},
        {"EndDate": "2026-11-21 00:00:00"},
        {"OffSetValue": "-1"},
        {"ShortCode": "600999"},
    ],
)
async def test_the_simulator_refuses_a_question_that_cannot_be(
    merchant: Merchant, changes: dict[str, str]
) -> None:
    sound = {
        "ShortCode": "174379",
        "StartDate": "2026-11-21 10:00:00",
        "EndDate": "2026-11-22 10:00:00",
        "OffSetValue": "0",
    }
    answer = await merchant.post("/pulltransactions/v1/query", sound | changes)
    assert answer.json()["errorCode"] == "400.002.02"
    number = {
        "ShortCode": "174379",
        "RequestType": "Pull",
        "CallBackURL": URL,
        "NominatedNumber": "0712345678",
    }
    answer = await merchant.post("/pulltransactions/v1/register", number)
    assert answer.json()["errorMessage"] == "Bad Request - Invalid NominatedNumber"


async def test_a_picture_of_the_size_asked_for_comes_back() -> None:
    async with open_till() as till:
        code = await till.client.generate_qr(
            amount_kes=1500, reference="ADM1042", merchant_name="Test School", size_px=120
        )
        other = await till.client.generate_qr(
            amount_kes=1501, reference="ADM1042", merchant_name="Test School"
        )
    assert code.png[16:24] == (120).to_bytes(4) * 2
    assert code.png != other.png
    assert len(code.png) < 4096


async def test_a_picture_without_a_product_is_refused_in_a_word() -> None:
    async with open_till() as till:
        till.simulator.fail_next(Endpoint.QR, "bad_field")
        with pytest.raises(Refused) as caught:
            await till.client.generate_qr(amount_kes=1, reference="A1", merchant_name="Test School")
    assert caught.value.cause == "bad_field"
