"""C2B at the simulator, by the client: registered URLs, payments by hand, and those by push."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal

import pytest

from daraja import (
    PRODUCTION_URL,
    SANDBOX_URL,
    AnswerLost,
    BadRequest,
    C2BRejection,
    MsisdnKind,
    Refused,
    TokenRefused,
    parse_c2b_confirmation,
    parse_c2b_validation,
)
from daraja.c2b import accept, reject
from daraja.simulator import Again, Endpoint, MsisdnForm, Scenario
from daraja.simulator.products import ALL_PRODUCTS, Product
from tests.daraja_simulator.conftest import FAST, PHONE, Merchant
from tests.daraja_simulator.till import URL, open_till

HASH = hashlib.sha256(PHONE.encode()).hexdigest()
MASK = "2547 ***** 678"


@pytest.mark.parametrize("code", ["0", "00000000", None])
async def test_urls_are_registered_whatever_the_shape_of_the_answer(code: str | None) -> None:
    async with open_till(register_code=code) as till:
        await till.register()
        assert till.simulator.money_in.c2b.urls["174379"].confirmation_url == f"{URL}/confirmation"


async def test_the_sandbox_takes_urls_again_and_production_does_not() -> None:
    async with open_till() as till:
        await till.register()
        await till.register(confirmation_url=f"{URL}/other")
        assert till.simulator.money_in.c2b.urls["174379"].confirmation_url == f"{URL}/other"
    for again in (Again.REFUSED, Again.DUPLICATE):
        async with open_till(again=again) as till:
            await till.register()
            with pytest.raises(Refused) as caught:
                await till.register()
            assert caught.value.cause == "already_registered"


async def test_an_app_with_the_other_version_is_told_so() -> None:
    async with open_till(replace(FAST, products=ALL_PRODUCTS - {Product.C2B_V2})) as till:
        with pytest.raises(TokenRefused) as caught:
            await till.register()
        assert caught.value.cause == "no_api_product"
        await till.register(version="v1")


async def test_a_registration_whose_answer_got_lost_may_be_repeated() -> None:
    async with open_till() as till:
        till.simulator.fail_next(Endpoint.C2B_V2_REGISTER, "html_503", processed=True)
        with pytest.raises(AnswerLost):
            await till.register()
        await till.register()


@pytest.mark.parametrize(
    ("version", "form", "told", "kind"),
    [
        ("v1", None, HASH, MsisdnKind.HASHED),
        ("v2", None, MASK, MsisdnKind.MASKED),
        ("v2", MsisdnForm.HASHED, HASH, MsisdnKind.HASHED),
        ("v2", MsisdnForm.PLAIN, PHONE, MsisdnKind.PLAIN),
    ],
)
async def test_a_payment_by_hand_is_confirmed(
    version: str, form: MsisdnForm | None, told: str, kind: MsisdnKind
) -> None:
    async with open_till(msisdn=form) as till:
        await till.register(version=version)
        await till.client.simulate_c2b(amount_kes=250, phone_number=PHONE, bill_ref_number="adm 10/42")
        await till.simulator.settle_all()
        assert till.kinds() == ["confirmation"]
        paid = parse_c2b_confirmation(till.office.came[0][1])
    (movement,) = till.simulator.books.movements
    assert (paid.receipt, paid.amount, paid.paid_at) == (movement.receipt, Decimal(250), till.clock.now)
    assert (paid.msisdn, paid.msisdn_kind) == (told, kind)
    assert (paid.bill_ref_number, paid.shortcode) == ("adm 10/42", "174379")
    assert (paid.transaction_type, paid.org_account_balance) == ("Pay Bill", Decimal(250))


async def test_names_may_come_empty_and_every_value_is_text() -> None:
    async with open_till(names=False) as till:
        await till.register()
        await till.simulator.pay_by_hand(PHONE, 250, "ADM1042")
        (body,) = till.office.bodies("confirmation")
    assert all(isinstance(value, str) for value in body.values())
    assert (body["FirstName"], body["LastName"]) == ("", "")


async def test_without_urls_money_moves_and_nobody_is_told() -> None:
    async with open_till(validation=True) as till:
        await till.simulator.pay_by_hand(PHONE, 250, "ADM1042")
        await till.push()
        await till.simulator.settle_all()
        assert till.simulator.books.total_kes == 1750
        assert till.kinds() == ["callback"]


@pytest.mark.parametrize(
    ("answer", "status", "response_type", "taken"),
    [
        (accept("ours-7"), 200, "Cancelled", True),
        (reject(C2BRejection.ACCOUNT_NUMBER), 200, "Completed", False),
        ({}, 200, "Completed", True),
        ({}, 200, "Cancelled", False),
        (accept(), 500, "Cancelled", False),
        (reject(C2BRejection.OTHER), 500, "Completed", True),
    ],
)
async def test_the_school_s_validation_decides_and_its_silence_by_the_response_type(
    answer: dict[str, str], status: int, response_type: str, taken: bool
) -> None:
    async with open_till(validation=True) as till:
        await till.register(response_type=response_type)
        till.office.validates, till.office.status = answer, status
        moved = await till.simulator.pay_by_hand(PHONE, 250, "ADM1042")
        assert (moved is not None) == taken
        assert till.simulator.books.total_kes == (250 if taken else 0)
        assert till.kinds() == ["validation", "confirmation"][: 2 if taken else 1]
        asked = parse_c2b_validation(till.office.came[0][1])
        assert asked.org_account_balance is None
        if taken and answer == accept("ours-7"):
            confirmed = parse_c2b_confirmation(till.office.came[1][1])
            assert (confirmed.third_party_trans_id, confirmed.receipt) == ("ours-7", asked.receipt)


@pytest.mark.parametrize("before", [True, False])
async def test_a_payment_by_push_is_confirmed_too_under_the_same_number_in_either_order(before: bool) -> None:
    async with open_till(before_callback=before) as till:
        await till.register()
        await till.push()
        await till.simulator.settle_all()
        assert till.kinds() == (["confirmation", "callback"] if before else ["callback", "confirmation"])
        confirmed = parse_c2b_confirmation(
            next(body for kind, body in till.office.came if kind == "confirmation")
        )
        (callback,) = till.office.bodies("callback")
    items = {
        item["Name"]: item.get("Value")
        for item in callback["Body"]["stkCallback"]["CallbackMetadata"]["Item"]
    }
    assert confirmed.receipt == items["MpesaReceiptNumber"]
    assert (confirmed.bill_ref_number, confirmed.amount) == ("ADM1042", Decimal(1500))


async def test_a_silent_push_is_heard_of_by_c2b_and_a_cancelled_one_is_not() -> None:
    async with open_till() as till:
        await till.register()
        await till.push(Merchant.phone_for(Scenario.CANCELLED))
        await till.push(Merchant.phone_for(Scenario.SILENT))
        await till.simulator.settle_all()
        assert till.kinds().count("confirmation") == 1
        assert till.kinds().count("callback") == 1


async def test_a_till_is_paid_without_an_account_number() -> None:
    async with open_till() as till:
        await till.register(shortcode="555001")
        await till.client.simulate_c2b(
            amount_kes=250,
            phone_number=PHONE,
            transaction_type="CustomerBuyGoodsOnline",
            shortcode="555001",
        )
        await till.simulator.settle_all()
        (body,) = till.office.bodies("confirmation")
    assert (body["TransactionType"], body["BusinessShortCode"], body["BillRefNumber"]) == (
        "Buy Goods",
        "555001",
        "",
    )


async def test_payments_are_simulated_in_the_sandbox_and_on_this_machine_only() -> None:
    async with open_till() as till:
        async with till.client_at("http://127.0.0.1:8090") as client:
            await client.simulate_c2b(amount_kes=250, phone_number=PHONE, bill_ref_number="A1")
        for base_url in (PRODUCTION_URL, "https://proxy.invalid", f"{SANDBOX_URL}.invalid"):
            async with till.client_at(base_url) as client:
                with pytest.raises(BadRequest) as caught:
                    await client.simulate_c2b(amount_kes=250, phone_number=PHONE, bill_ref_number="A1")
                assert caught.value.field == "base_url"
        assert till.simulator.counts[Endpoint.C2B_V2_SIMULATE] == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ResponseType": "completed"}, "400.002.02"),
        ({"ShortCode": "600999"}, "400.002.02"),
        ({"ValidationURL": "http://school.invalid/x"}, "400.002.02"),
        ({"ConfirmationURL": "https://school.invalid/mpesa"}, "400.003.02"),
        ({"ConfirmationURL": "https://mpesa.school.invalid/x"}, "400.003.02"),
    ],
)
async def test_the_simulator_refuses_what_mpesa_refuses(
    merchant: Merchant, changes: dict[str, str], code: str
) -> None:
    sound = {
        "ShortCode": "174379",
        "ResponseType": "Completed",
        "ValidationURL": f"{URL}/v",
        "ConfirmationURL": f"{URL}/c",
    }
    answer = await merchant.post("/mpesa/c2b/v2/registerurl", sound | changes)
    assert answer.json()["errorCode"] == code


async def test_by_hand_over_the_control_route(merchant: Merchant) -> None:
    answer = await merchant.http.post("/simulator/pay", json={"phone": PHONE, "amount": 20, "account": "A1"})
    (movement,) = merchant.simulator.books.movements
    assert answer.json() == {"receipt": movement.receipt}
    assert (await merchant.http.post("/simulator/pay", json={"phone": PHONE})).status_code == 400
    assert (await merchant.http.post("/simulator/pay", json={"phone": "1", "amount": 1})).status_code == 400
    assert (await merchant.http.get("/simulator/notices")).json() == []


async def test_a_reset_forgets_urls_and_reports() -> None:
    async with open_till() as till:
        await till.register()
        await till.simulator.pay_by_hand(PHONE, 250, "A1")
        await till.simulator.wait_for_notices(1)
        await till.simulator.reset()
        await till.simulator.pay_by_hand(PHONE, 250, "A1")
        assert till.simulator.notices == []
