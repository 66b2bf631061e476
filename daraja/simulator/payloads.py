"""The bodies Daraja sends, built from nothing but the documentation and what the field reports."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from daraja.simulator.replies import Fault
from daraja.simulator.scenarios import Ending

NAIROBI = ZoneInfo("Africa/Nairobi")

RESULTS: Mapping[str, str] = {
    "0": "The service request is processed successfully.",
    "1": "The balance is insufficient for the transaction.",
    "2": "Declined due to limit rule.",
    "3": "Declined due to limit rule: greater than the maximum transaction amount.",
    "4": "Declined due to limit rule: would exceed daily transfer limit.",
    "8": "Declined due to limit rule: would exceed the maximum balance.",
    "17": "Rule limited.",
    "26": "System busy.",
    "1001": "Unable to lock subscriber, a transaction is already in process for the current subscriber",
    "1019": "Transaction has expired",
    "1025": "An error occurred while sending a push request",
    "1032": "Request cancelled by user",
    "1037": "DS timeout user cannot be reached",
    "2001": "The initiator information is invalid.",
    "2006": "The account status is inactive.",
    "2028": "The request is not permitted according to product assignment.",
    "2040": "The credit party or debit party is not a registered customer.",
    "4999": "The transaction is still under processing",
    "8006": "The security credential is locked.",
    "9999": "An error occurred while sending a push request",
    "SFC_IC0003": "The operator does not exist.",
}
_QUERY_WORDS: Mapping[str, str] = {
    "1032": "[STK_CB - ]Request cancelled by user",
    "1037": "No response from user.",
}
_LETTERS_AND_DIGITS = string.ascii_uppercase + string.digits


def as_json(body: object) -> str:
    """Compact JSON text."""
    return json.dumps(body, separators=(",", ":"))


def merchant_request_id(rng: random.Random) -> str:
    """An id as the API proxy makes it, such as f1e2-4b95-a71d-b30d3cdbb7a7942864."""
    groups = (f"{rng.getrandbits(16):04x}" for _ in range(3))
    return f"{'-'.join(groups)}-{rng.getrandbits(48):012x}{rng.randrange(10**6):06d}"


def checkout_request_id(at: datetime, phone: str, rng: random.Random) -> str:
    """ws_CO_ + ddMMyyyyHHmmss in Nairobi + 3 digits + the phone's last 9 digits: personal data."""
    return f"ws_CO_{at.astimezone(NAIROBI):%d%m%Y%H%M%S}{rng.randrange(1000):03d}{phone[-9:]}"


def receipt_number(at: datetime, rng: random.Random) -> str:
    """Ten characters: year (L is 2017), month (A to L), day (1 to 9, then A to V), and seven of its own."""
    there = at.astimezone(NAIROBI)
    year = string.ascii_uppercase[(there.year - 2017 + 11) % 26]
    day = ("123456789" + string.ascii_uppercase)[there.day - 1]
    own = "".join(rng.choice(_LETTERS_AND_DIGITS) for _ in range(6))
    return f"{year}{string.ascii_uppercase[there.month - 1]}{day}{rng.randrange(10)}{own}"


def error_body(fault: Fault, request_id: str) -> str:
    """requestId, errorCode, errorMessage."""
    return as_json({"requestId": request_id, "errorCode": fault.code, "errorMessage": fault.message})


def token_body(token: str, life_s: int, *, as_text: bool) -> str:
    """The OAuth answer; the field mostly sees expires_in as text."""
    return as_json({"access_token": token, "expires_in": str(life_s) if as_text else life_s})


def accepted_body(merchant_id: str, checkout_id: str) -> str:
    """The answer to a push that was taken on."""
    words = "Success. Request accepted for processing"
    return as_json(
        {
            "MerchantRequestID": merchant_id,
            "CheckoutRequestID": checkout_id,
            "ResponseCode": "0",
            "ResponseDescription": words,
            "CustomerMessage": words,
        }
    )


def query_body(merchant_id: str, checkout_id: str, ending: Ending) -> str:
    """The query's answer: ResultCode is text here, and there is no receipt, amount or phone."""
    words = ending.desc or _QUERY_WORDS.get(ending.code) or RESULTS.get(ending.code, "")
    return as_json(
        {
            "ResponseCode": "0",
            "ResponseDescription": "The service request has been accepted successsfully",
            "MerchantRequestID": merchant_id,
            "CheckoutRequestID": checkout_id,
            "ResultCode": ending.code,
            "ResultDesc": words,
        }
    )


def callback_body(
    merchant_id: str, checkout_id: str, ending: Ending, items: list[dict[str, Any]] | None = None
) -> str:
    """The callback: ResultCode is a number where it can be one; CallbackMetadata only with `items`."""
    callback: dict[str, Any] = {
        "MerchantRequestID": merchant_id,
        "CheckoutRequestID": checkout_id,
        "ResultCode": int(ending.code) if ending.code.isdigit() else ending.code,
        "ResultDesc": ending.desc or RESULTS.get(ending.code, ""),
    }
    if items is not None:
        callback["CallbackMetadata"] = {"Item": items}
    return as_json({"Body": {"stkCallback": callback}})


def success_items(
    amount_kes: int, receipt: str, paid_at: datetime, phone: str, *, masked: bool
) -> list[dict[str, Any]]:
    """A success's items: Amount as 1.0, as on the wire; Balance without a Value; Nairobi time as a number."""
    number: int | str = f"{phone[:4]} ***** {phone[-3:]}" if masked else int(phone)
    return [
        {"Name": "Amount", "Value": float(amount_kes)},
        {"Name": "MpesaReceiptNumber", "Value": receipt},
        {"Name": "Balance"},
        {"Name": "TransactionDate", "Value": int(f"{paid_at.astimezone(NAIROBI):%Y%m%d%H%M%S}")},
        {"Name": "PhoneNumber", "Value": number},
    ]
