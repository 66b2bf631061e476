"""Checks of the parsers of what M-PESA posts by itself: the shapes seen in the field, put into the page's sample."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from daraja import BadCallback, StkCallback
from daraja.c2b import C2BConfirmation
from daraja.msisdn import MsisdnKind
from tests.daraja import operators
from tests.daraja.host import wire

Parse = Callable[[bytes], StkCallback]
ParseC2B = Callable[[bytes], C2BConfirmation]

PAID: Final = StkCallback(
    merchant_request_id="29115-34620561-1",
    checkout_request_id="ws_CO_191220191020363925",
    result_code="0",
    result_desc="The service request is processed successfully.",
    amount=Decimal(1),
    receipt="NLJ7RT61SV",
    transaction_date=datetime(2019, 12, 19, 7, 21, 15, tzinfo=UTC),
    phone="254708374149",
)
HASH: Final = "9f" * 32
BALANCE: Final = {"Name": "Balance"}
BRANCH: Final = {"Name": "Branch", "Value": {"Code": 7}}


def _callback(**changes: Any) -> bytes:
    """The page's success with other fields; None leaves one out, "null" makes it null."""
    document = json.loads(wire("callback_success"))
    inside = document["Body"]["stkCallback"]
    for name, value in changes.items():
        inside[name] = None if value == "null" else value
        if value is None:
            del inside[name]
    return json.dumps(document).encode()


def _with(*more: dict[str, Any], **values: Any) -> bytes:
    """The page's success with more items, and other Values."""
    items = json.loads(wire("callback_success"))["Body"]["stkCallback"]["CallbackMetadata"]["Item"]
    changed = [item | {"Value": values.get(item["Name"], item["Value"])} for item in items]
    return _callback(CallbackMetadata={"Item": [*changed[:2], *more, *changed[2:]]})


def _told(parse: Callable[[bytes], Any], body: bytes) -> Any:
    """What a parser makes of a body that it must read."""
    try:
        return parse(body)
    except Exception as error:
        raise AssertionError(f"{type(error).__name__} on a good body") from error


def reads_a_success(parse: Parse) -> None:
    """The page's own sample."""
    assert _told(parse, wire("callback_success")) == PAID


def reads_an_unknown_object(parse: Parse) -> None:
    """An item that nobody knows, its Value an object."""
    assert _told(parse, _with(BRANCH)) == PAID


def reads_a_balance_without_value(parse: Parse) -> None:
    """As real callbacks have it."""
    assert _told(parse, _with(BALANCE)) == PAID


def reads_a_textual_code(parse: Parse) -> None:
    """SFC_IC0003, in every callback of it that was seen."""
    callback = _told(parse, wire("callback_text_code"))
    assert (callback.result_code, callback.amount, callback.receipt) == ("SFC_IC0003", None, None)


def reads_null_metadata(parse: Parse) -> None:
    """A success is one without its details, too."""
    callback = _told(parse, _callback(CallbackMetadata="null"))
    assert (callback.result_code, callback.receipt) == ("0", None)


def reads_no_words(parse: Parse) -> None:
    """ResultDesc says nothing that counts."""
    callback = _told(parse, _callback(ResultDesc=None))
    assert (callback.result_desc, callback.receipt) == ("", "NLJ7RT61SV")


def reads_one_item_alone(parse: Parse) -> None:
    """One Item, not in a list."""
    one = {"Item": {"Name": "MpesaReceiptNumber", "Value": "NLJ7RT61SV"}}
    assert _told(parse, _callback(CallbackMetadata=one)).receipt == "NLJ7RT61SV"


def reads_a_masked_phone(parse: Parse) -> None:
    """Since March 2026; kept as sent."""
    callback = _told(parse, _with(PhoneNumber="0722000***"))
    assert (callback.phone, callback.receipt) == ("0722000***", "NLJ7RT61SV")


def reads_amounts_as_text(parse: Parse) -> None:
    """Text and number are one sum."""
    callback = _told(
        parse, _with(Amount="1.00", TransactionDate="20191219102115", PhoneNumber="254708374149")
    )
    assert callback == PAID


def reads_any_order(parse: Parse) -> None:
    """Items have names, not places."""
    assert _told(parse, wire("callback_success_reordered")) == PAID


def reads_more_than_it_knows(parse: Parse) -> None:
    """Fields that may be added any day."""
    assert _told(parse, _callback(ResultType=0, Branch={"Code": 7})) == PAID


def reads_a_failure(parse: Parse) -> None:
    """Nothing but ids, code and words."""
    callback = _told(parse, wire("callback_cancelled"))
    assert (callback.result_code, callback.amount, callback.receipt) == ("1032", None, None)


def junk_is_its_own_error(parse: Parse) -> None:
    """BadCallback, whatever it is: a web address hears everything."""
    for body in (
        b"",
        b"<html></html>",
        b"{}",
        b"null",
        b"[]",
        b'{"Body": []}',
        b'{"Body": {"stkCallback": 7}}',
    ):
        try:
            parse(body)
        except BadCallback:
            continue
        except Exception as error:
            raise AssertionError(f"{type(error).__name__} on junk") from error
        raise AssertionError("junk was read")


def _confirmation(**changes: Any) -> bytes:
    told = {
        "TransactionType": "Pay Bill",
        "TransID": "NLJ7RT61SV",
        "TransTime": "20191219102115",
        "TransAmount": "5.00",
        "BusinessShortCode": "174379",
        "BillRefNumber": "ADM1042",
        "InvoiceNumber": "",
        "OrgAccountBalance": "",
        "ThirdPartyTransID": "",
        "MSISDN": "254708374149",
        "FirstName": "A",
        "MiddleName": "B",
        "LastName": "C",
    }
    return json.dumps(told | changes).encode()


def reads_a_hashed_number(parse: ParseC2B) -> None:
    """SHA-256 in hex: 64 characters."""
    payment = _told(parse, _confirmation(MSISDN=HASH))
    assert (payment.msisdn, payment.msisdn_kind, payment.receipt) == (HASH, MsisdnKind.HASHED, "NLJ7RT61SV")


def reads_a_masked_number(parse: ParseC2B) -> None:
    """As version 2 sends it."""
    payment = _told(parse, _confirmation(MSISDN="2547 ***** 149"))
    assert (payment.msisdn_kind, payment.receipt) == (MsisdnKind.MASKED, "NLJ7RT61SV")


def reads_empty_names(parse: ParseC2B) -> None:
    """Empty, null, or not there."""
    for names in ({"FirstName": ""}, {"FirstName": None, "MiddleName": None, "LastName": None}):
        assert _told(parse, _confirmation(**names)).first_name == ""


def reads_a_textual_sum(parse: ParseC2B) -> None:
    """`5.00` is five shillings."""
    assert _told(parse, _confirmation(TransAmount="5.00")).amount == Decimal(5)


def reads_every_certificate(credential_of: Callable[[bytes], str]) -> None:
    """PEM as the portal gives it, DER as some keep it."""
    for der in (False, True):
        credential = _told(credential_of, operators.certificate(der=der))
        assert operators.opened(credential) == "invented"
