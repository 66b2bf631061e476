"""What we send, and the callbacks that come back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from daraja import BadRequest, StkPush
from tests.daraja.host import CALLBACK_URL, PHONE

PUSH = StkPush(
    shortcode="174379",
    party_b="174379",
    transaction_type="CustomerPayBillOnline",
    amount_kes=1500,
    party_a=PHONE,
    phone_number="254798765432",
    callback_url=CALLBACK_URL,
    account_reference="ADM104224",
    transaction_desc="School fees",
)
PAID_AT = datetime(2019, 12, 19, 7, 21, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        ("shortcode", "BusinessShortCode", "1234"),
        ("shortcode", "BusinessShortCode", "12345678"),
        ("shortcode", "BusinessShortCode", "17437a"),
        ("party_b", "PartyB", ""),
        ("transaction_type", "TransactionType", "CustomerPayBill"),
        ("amount_kes", "Amount", 0),
        ("amount_kes", "Amount", -5),
        ("amount_kes", "Amount", 250_001),
        ("amount_kes", "Amount", 1.5),
        ("amount_kes", "Amount", Decimal(5)),
        ("amount_kes", "Amount", True),
        ("amount_kes", "Amount", "100"),
        ("party_a", "PartyA", "0712345678"),
        ("party_a", "PartyA", "255712345678"),
        ("phone_number", "PhoneNumber", "254212345678"),
        ("phone_number", "PhoneNumber", "254712345678\n"),
        ("account_reference", "AccountReference", ""),
        ("account_reference", "AccountReference", "ADM/1042"),
        ("account_reference", "AccountReference", "A" * 13),
        ("account_reference", "AccountReference", "ÉCOLE"),
        ("transaction_desc", "TransactionDesc", "A" * 14),
        ("transaction_desc", "TransactionDesc", "Fees & more"),
        ("transaction_desc", "TransactionDesc", "Fees\n"),
        ("callback_url", "CallBackURL", ""),
        ("callback_url", "CallBackURL", "http://karo.invalid/daraja"),
        ("callback_url", "CallBackURL", "https://Karo.invalid/daraja"),
        ("callback_url", "CallBackURL", "https://karo.invalid/da raja"),
        ("callback_url", "CallBackURL", "https:///daraja"),
        ("callback_url", "CallBackURL", "https://karo.invalid:nine/daraja"),
        ("callback_url", "CallBackURL", "https://me:pass@karo.invalid/daraja"),
        ("callback_url", "CallBackURL", "https://karo.invalid/daraja#top"),
        ("callback_url", "CallBackURL", "ftp://karo.invalid/daraja"),
        ("callback_url", "CallBackURL", "https://karo.invalid/é"),
        ("callback_url", "CallBackURL", "https://[::1/daraja"),
        *(
            ("callback_url", "CallBackURL", f"https://karo.invalid/{word}/x")
            for word in ("mpesa", "safaricom", "exe", "exec", "cmd", "sql", "query", "MPesa")
        ),
    ],
)
def test_a_field_that_mpesa_would_refuse_is_refused_here(field: str, name: str, value: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        replace(PUSH, **{field: value})
    assert caught.value.field == name
    assert not caught.value.money_may_have_moved


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount_kes", 1),
        ("amount_kes", 250_000),
        ("party_a", "254112345678"),
        ("transaction_type", "CustomerBuyGoodsOnline"),
        ("transaction_desc", ""),
        ("callback_url", CALLBACK_URL),
        ("callback_url", "https://school.example:8443/daraja/stk/ab"),
        ("callback_url", "http://127.0.0.1:8080/daraja/stk/ab"),
        ("callback_url", "http://[::1]:8080/daraja/stk/ab"),
        ("callback_url", "http://localhost/daraja/stk/ab"),
    ],
)
def test_what_mpesa_takes_is_taken(field: str, value: Any) -> None:
    replace(PUSH, **{field: value})


def test_the_body_has_the_pages_names_and_kinds() -> None:
    assert PUSH.body(password="pass", timestamp="20261122120030") == {
        "BusinessShortCode": 174379,
        "Password": "pass",
        "Timestamp": "20261122120030",
        "TransactionType": "CustomerPayBillOnline",
        "Amount": 1500,
        "PartyA": 254712345678,
        "PartyB": 174379,
        "PhoneNumber": 254798765432,
        "CallBackURL": CALLBACK_URL,
        "AccountReference": "ADM104224",
        "TransactionDesc": "School fees",
    }


def test_an_empty_description_is_left_out() -> None:
    assert "TransactionDesc" not in replace(PUSH, transaction_desc="").body(password="p", timestamp="t")


def test_a_push_shows_neither_phones_nor_the_callback_token() -> None:
    assert not any(secret in repr(PUSH) for secret in (PHONE, "254798765432", CALLBACK_URL))
