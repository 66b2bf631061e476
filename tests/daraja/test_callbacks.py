"""Callbacks: every shape seen, and junk."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daraja import BadCallback, StkCallback, parse_stk_callback
from tests.daraja.host import CHECKOUT, wire

PAID_AT = datetime(2019, 12, 19, 7, 21, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "name",
    ["callback_success", "callback_success_reordered", "callback_success_texts", "callback_success_extra"],
)
def test_a_success_is_read_in_every_shape(name: str) -> None:
    assert parse_stk_callback(wire(name)) == StkCallback(
        merchant_request_id="29115-34620561-1",
        checkout_request_id=CHECKOUT,
        result_code="0",
        result_desc="The service request is processed successfully.",
        amount=Decimal(1),
        receipt="NLJ7RT61SV",
        transaction_date=PAID_AT,
        phone="254708374149",
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("callback_success_masked_phone", (Decimal(1), "NLJ7RT61SV", PAID_AT, "0722000***")),
        ("callback_success_without_phone", (Decimal(1), "NLJ7RT61SV", PAID_AT, None)),
        ("callback_success_one_item", (None, "NLJ7RT61SV", None, None)),
        ("callback_success_null_metadata", (None, None, None, None)),
    ],
)
def test_a_success_that_lacks_details_is_still_a_success(name: str, expected: tuple[Any, ...]) -> None:
    callback = parse_stk_callback(wire(name))
    assert callback.result_code == "0"
    assert (callback.amount, callback.receipt, callback.transaction_date, callback.phone) == expected


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("callback_cancelled", "1032", "Request cancelled by user"),
        ("callback_text_code", "SFC_IC0003", "The operator does not exist"),
        ("callback_unknown_code", "987654", "Something new"),
        ("callback_without_description", "1037", ""),
    ],
)
def test_a_failure_is_read_whatever_its_code(name: str, code: str, words: str) -> None:
    callback = parse_stk_callback(wire(name))
    assert (callback.result_code, callback.result_desc, callback.receipt) == (code, words, None)


def test_a_callback_shows_neither_phone_nor_checkout_id() -> None:
    callback = parse_stk_callback(wire("callback_success"))
    assert "254708374149" not in repr(callback)
    assert CHECKOUT not in repr(callback)


def _callback(**fields: Any) -> bytes:
    return json.dumps(
        {"Body": {"stkCallback": {"CheckoutRequestID": CHECKOUT, "ResultCode": 0} | fields}}
    ).encode()


def _with_item(name: str, value: Any) -> StkCallback:
    return parse_stk_callback(_callback(CallbackMetadata={"Item": [{"Name": name, "Value": value}]}))


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (1500, Decimal(1500)),
        (1500.0, Decimal(1500)),
        (0.1, Decimal("0.1")),
        ("1500.50", Decimal("1500.5")),
        (" 7 ", Decimal(7)),
        ("1,500", None),
        ("-3", None),
        (-3, None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**20, None),
        ([], None),
        ({}, None),
        ("", None),
    ],
)
def test_an_amount_is_a_decimal_or_not_told(value: Any, amount: Decimal | None) -> None:
    assert _with_item("Amount", value).amount == amount


@pytest.mark.parametrize(
    "value", [20191319102115, 2019, "tomorrow", None, 1.5, "00010101000000", "２０１９１２１９１０２１１５"]
)
def test_a_date_that_is_none_is_not_told(value: Any) -> None:
    assert _with_item("TransactionDate", value).transaction_date is None


@pytest.mark.parametrize("value", ["", " ", "NLJ7 RT61", "A" * 21, "NLJ-7", 5.5, [], "ＮＬＪ"])
def test_a_receipt_number_that_is_none_is_not_told(value: Any) -> None:
    assert _with_item("MpesaReceiptNumber", value).receipt is None


def test_a_receipt_number_is_kept_in_capitals() -> None:
    assert _with_item("MpesaReceiptNumber", " nlj7rt61sv ").receipt == "NLJ7RT61SV"


def test_the_first_item_of_a_name_counts() -> None:
    items = [{"Name": "Amount", "Value": 5}, {"Name": "Amount"}, {"Name": "Amount", "Value": 9}]
    assert parse_stk_callback(_callback(CallbackMetadata={"Item": items})).amount == 5


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"Body"',
        b"\xff\xfe\xfa",
        b"<html></html>",
        b"{}",
        b'{"Body": null}',
        b'{"Body": {"stkCallback": []}}',
        b'{"Body": {"stkCallback": {}}}',
        b"[" * 100_000,
        b'{"Body": ' + b"9" * 5000 + b"}",
        b'{"Body": 1e99999999999999999999}',
        _callback(CheckoutRequestID=None),
        _callback(CheckoutRequestID=""),
        _callback(CheckoutRequestID={"a": 1}),
        _callback(CheckoutRequestID="x" * 101),
        _callback(ResultCode=None),
        _callback(ResultCode=True),
        _callback(ResultCode=""),
        _callback(ResultCode=[]),
        _callback(ResultCode="no code at all"),
        _callback(ResultCode=1.5),
    ],
)
def test_junk_is_a_bad_callback(body: bytes) -> None:
    with pytest.raises(BadCallback) as caught:
        parse_stk_callback(body)
    assert caught.value.money_may_have_moved


def test_a_result_code_with_a_fraction_of_zero_is_that_code() -> None:
    assert parse_stk_callback(_callback(ResultCode=1032.0)).result_code == "1032"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ITEM = st.fixed_dictionaries(
    {
        "Name": st.sampled_from(["Amount", "MpesaReceiptNumber", "TransactionDate", "PhoneNumber", "Balance"])
        | JSON
    },
    optional={"Value": JSON},
)
SHAPED = st.fixed_dictionaries(
    {"CheckoutRequestID": JSON | st.just(CHECKOUT), "ResultCode": JSON | st.integers(0, 9999)},
    optional={
        "MerchantRequestID": JSON,
        "ResultDesc": JSON,
        "CallbackMetadata": JSON
        | st.fixed_dictionaries({"Item": JSON | ITEM | st.lists(ITEM | JSON, max_size=5)}),
    },
)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_random_bytes_and_json_are_a_callback_or_a_bad_callback(body: bytes) -> None:
    with suppress(BadCallback):
        parse_stk_callback(body)


@given(SHAPED)
def test_a_callback_of_random_parts_is_typed_or_a_bad_callback(parts: dict[str, Any]) -> None:
    try:
        callback = parse_stk_callback(json.dumps({"Body": {"stkCallback": parts}}).encode())
    except BadCallback:
        return
    assert callback.checkout_request_id
    assert callback.result_code
    assert callback.amount is None or (callback.amount.is_finite() and callback.amount >= 0)
    assert callback.receipt is None or callback.receipt.isalnum()
    assert callback.transaction_date is None or callback.transaction_date.tzinfo is UTC
    repr(callback).encode()  # printable: no half surrogates
