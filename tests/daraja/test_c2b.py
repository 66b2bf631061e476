"""C2B: what M-PESA reports of payments made by hand, and what it is answered."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daraja import (
    BadCallback,
    BadRequest,
    C2BConfirmation,
    C2BRejection,
    C2BValidation,
    MsisdnKind,
    parse_c2b_confirmation,
    parse_c2b_validation,
)
from daraja.c2b import accept, acknowledge, reject
from tests.daraja.host import wire
from tests.daraja.test_any_answer import VALUES


def told(**changes: object) -> bytes:
    return json.dumps(json.loads(wire("c2b_confirmation_masked")) | changes).encode()


def test_a_confirmation_is_read_whole() -> None:
    paid = parse_c2b_confirmation(wire("c2b_confirmation_masked"))
    assert paid == C2BConfirmation(
        receipt="RKL51ZDR4F",
        amount=Decimal("5.00"),
        paid_at=datetime(2023, 11, 21, 9, 13, 25, tzinfo=UTC),
        shortcode="600966",
        transaction_type="Pay Bill",
        bill_ref_number="Sample Transaction",
        invoice_number="",
        third_party_trans_id="",
        org_account_balance=Decimal("25.00"),
        msisdn="2547 ***** 126",
        msisdn_kind=MsisdnKind.MASKED,
        first_name="PAYER",
        middle_name="",
        last_name="",
    )
    shown = repr(paid)
    assert not [secret for secret in ("2547", "PAYER", "Sample", "25.00") if secret in shown]


def test_a_validation_is_of_another_kind_and_knows_no_balance() -> None:
    asked = parse_c2b_validation(wire("c2b_validation"))
    assert isinstance(asked, C2BValidation)
    assert not isinstance(asked, C2BConfirmation)
    assert asked.org_account_balance is None


def test_hashed_numbers_and_empty_names_are_kept_as_sent() -> None:
    paid = parse_c2b_confirmation(wire("c2b_confirmation_hashed"))
    assert (len(paid.msisdn), paid.msisdn_kind) == (64, MsisdnKind.HASHED)
    assert (paid.first_name, paid.middle_name, paid.last_name) == ("", "", "")


@pytest.mark.parametrize(
    ("sent", "msisdn", "kind"),
    [
        ("254708374149", "254708374149", "plain"),
        (254708374149, "254708374149", "plain"),
        (" +254 708 374 149 ", "+254 708 374 149", "plain"),
        ("0722000***", "0722000***", "masked"),
        ("2547 * 126", "2547 * 126", "masked"),
        ("", "", "absent"),
        (None, "", "absent"),
        ("N/A", "", "absent"),
        (True, "", "absent"),
        (["254708374149"], "", "absent"),
    ],
)
def test_a_number_is_told_by_its_kind(sent: object, msisdn: str, kind: str) -> None:
    paid = parse_c2b_confirmation(told(MSISDN=sent))
    assert (paid.msisdn, paid.msisdn_kind) == (msisdn, kind)


def test_what_was_typed_stays_as_typed_but_in_one_line() -> None:
    paid = parse_c2b_confirmation(told(BillRefNumber="  adm 10/42 \u0000\n\ud800 ", Another={"thing": [1]}))
    assert paid.bill_ref_number == "  adm 10/42     "
    assert parse_c2b_confirmation(told(BillRefNumber=1042)).bill_ref_number == "1042"


@pytest.mark.parametrize("sent", ["", "20231399", "yesterday", None, 5, "00000000000000"])
def test_money_without_a_time_that_can_be_read_is_still_money(sent: object) -> None:
    paid = parse_c2b_confirmation(told(TransTime=sent))
    assert (paid.paid_at, paid.amount) == (None, Decimal(5))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not a JSON object"),
        (b"[1]", "not a JSON object"),
        (b"{}", "no TransAmount"),
        (told(TransAmount="0"), "no TransAmount"),
        (told(TransAmount="-5"), "no TransAmount"),
        (told(TransAmount="NaN"), "no TransAmount"),
        (told(TransID=""), "no TransID"),
        (told(TransID="A B"), "no TransID"),
        (told(TransID="A" * 21), "no TransID"),
        (told(TransID=None), "no TransID"),
    ],
)
def test_what_names_no_money_is_a_bad_callback(body: bytes, reason: str) -> None:
    for parse in (parse_c2b_confirmation, parse_c2b_validation):
        with pytest.raises(BadCallback) as caught:
            parse(body)
        assert caught.value.reason == reason


def test_the_replies_are_those_of_the_page() -> None:
    assert accept() == {"ResultCode": "0", "ResultDesc": "Accepted"}
    assert accept("ours-1") == {"ResultCode": "0", "ResultDesc": "Accepted", "ThirdPartyTransID": "ours-1"}
    assert reject(C2BRejection.ACCOUNT_NUMBER) == {"ResultCode": "C2B00012", "ResultDesc": "Rejected"}
    assert [reason.value for reason in C2BRejection] == [f"C2B0001{number}" for number in range(1, 7)]
    assert acknowledge() == {"ResultCode": 0, "ResultDesc": "Accepted"}
    with pytest.raises(BadRequest):
        accept("two words")


PARTS = st.fixed_dictionaries(
    {"TransID": VALUES | st.just("RKL51ZDR4F"), "TransAmount": VALUES | st.sampled_from(["5.00", 7, "1e9"])},
    optional=dict.fromkeys(
        ("TransTime", "MSISDN", "BillRefNumber", "FirstName", "OrgAccountBalance", "InvoiceNumber"), VALUES
    ),
)


@settings(max_examples=60)
@given(st.binary(max_size=80) | PARTS.map(lambda parts: json.dumps(parts).encode()))
def test_any_report_is_typed_or_a_bad_callback(body: bytes) -> None:
    try:
        paid = parse_c2b_confirmation(body)
    except BadCallback:
        return
    assert paid.amount > 0
    assert paid.receipt.isalnum()
    assert paid.paid_at is None or paid.paid_at.tzinfo is UTC
    for text in (paid.msisdn, paid.bill_ref_number, paid.first_name, paid.invoice_number):
        assert "\0" not in text
        assert len(text.encode()) <= 800
