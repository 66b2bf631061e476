"""The calls of the Postman collection, in the order in which they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_PASSWORD = (
    "const nairobi = new Date(Date.now() + 3 * 3600 * 1000);",
    'const stamp = nairobi.toISOString().replace(/[-:T]/g, "").slice(0, 14);',
    'const plain = pm.variables.get("shortcode") + pm.variables.get("passkey") + stamp;',
    'pm.collectionVariables.set("timestamp", stamp);',
    'pm.collectionVariables.set("password", btoa(plain));',
)
_TWO_DAYS = (
    'const nairobi = (at) => new Date(at + 3 * 3600 * 1000).toISOString().slice(0, 19).replace("T", " ");',
    'pm.collectionVariables.set("start_date", nairobi(Date.now() - 47 * 3600 * 1000));',
    'pm.collectionVariables.set("end_date", nairobi(Date.now() + 60 * 1000));',
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, a POST if it has a body.

    expects: field -> values that are right. keeps: variable -> field of the answer. before: JavaScript that runs
    first. basic: by key and secret instead of the token. any_status: an error's HTTP status may be right, too.
    """

    name: str
    path: str
    body: Mapping[str, object] | None = None
    expects: Mapping[str, Sequence[str]] = field(default_factory=dict)
    keeps: Mapping[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()
    basic: bool = False
    any_status: bool = False


_TAKEN: Mapping[str, Sequence[str]] = {"ResponseCode": ("0",)}
_OPERATOR: Mapping[str, object] = {
    "Initiator": "{{initiator}}",
    "SecurityCredential": "{{security_credential}}",
    "ResultURL": "{{result_url}}",
    "QueueTimeOutURL": "{{timeout_url}}",
    "Remarks": "Fees",
    "Occasion": "",
}

_PAYING = (
    Call(
        "Access token",
        "/oauth/v1/generate?grant_type=client_credentials",
        keeps={"access_token": "access_token"},
        basic=True,
    ),
    Call(
        "STK push",
        "/mpesa/stkpush/v1/processrequest",
        {
            "BusinessShortCode": "{{shortcode}}",
            "Password": "{{password}}",
            "Timestamp": "{{timestamp}}",
            "TransactionType": "CustomerPayBillOnline",
            "Amount": 10,
            "PartyA": "{{phone}}",
            "PartyB": "{{shortcode}}",
            "PhoneNumber": "{{phone}}",
            "CallBackURL": "{{callback_url}}",
            "AccountReference": "ADM1042",
            "TransactionDesc": "School fees",
        },
        _TAKEN,
        {"checkout_request_id": "CheckoutRequestID"},
        _PASSWORD,
    ),
    Call(
        "STK query (still being processed is an answer, too)",
        "/mpesa/stkpushquery/v1/query",
        {
            "BusinessShortCode": "{{shortcode}}",
            "Password": "{{password}}",
            "Timestamp": "{{timestamp}}",
            "CheckoutRequestID": "{{checkout_request_id}}",
        },
        {"ResponseCode || pm.response.json().errorCode": ("0", "500.001.1001")},
        before=_PASSWORD,
        any_status=True,
    ),
)
_URLS: Mapping[str, object] = {
    "ShortCode": "{{shortcode}}",
    "ResponseType": "Completed",
    "ConfirmationURL": "{{confirmation_url}}",
    "ValidationURL": "{{validation_url}}",
}
_MONEY_IN = (
    Call("C2B: register URLs (v2)", "/mpesa/c2b/v2/registerurl", _URLS, _TAKEN),
    Call(
        "C2B: simulate a payment (sandbox)",
        "/mpesa/c2b/v2/simulate",
        {
            "ShortCode": "{{shortcode}}",
            "CommandID": "CustomerPayBillOnline",
            "Amount": 10,
            "Msisdn": "{{phone}}",
            "BillRefNumber": "ADM1042",
        },
        _TAKEN,
    ),
    Call(
        "Pull: register (1001: it was registered before)",
        "/pulltransactions/v1/register",
        {
            "ShortCode": "{{shortcode}}",
            "RequestType": "Pull",
            "NominatedNumber": "{{phone}}",
            "CallBackURL": "{{callback_url}}",
        },
        {"ResponseStatus": ("1000", "1001")},
    ),
    Call(
        "Pull: the last two days (1001: no payments, or not set up)",
        "/pulltransactions/v1/query",
        {
            "ShortCode": "{{shortcode}}",
            "StartDate": "{{start_date}}",
            "EndDate": "{{end_date}}",
            "OffSetValue": "0",
        },
        {"ResponseCode": ("1000", "1001")},
        before=_TWO_DAYS,
    ),
    Call(
        "Dynamic QR",
        "/mpesa/qrcode/v1/generate",
        {
            "MerchantName": "{{merchant_name}}",
            "RefNo": "ADM1042",
            "Amount": 10,
            "TrxCode": "PB",
            "CPI": "{{shortcode}}",
            "Size": "300",
        },
        {"ResponseDescription": ("QR Code Successfully Generated.",)},
        {"qr_code": "QRCode"},
    ),
)
_SIMULATOR_ONLY = (
    Call(
        "The operator's SecurityCredential",
        "/simulator/operator",
        keeps={"initiator": "initiator", "security_credential": "security_credential"},
    ),
    Call(
        "A payment by hand",
        "/simulator/pay",
        {"phone": "{{phone}}", "amount": 20, "account": "ADM1042"},
        keeps={"receipt": "receipt"},
    ),
)
_OPERATING = (
    Call(
        "Transaction status",
        "/mpesa/transactionstatus/v1/query",
        {
            **_OPERATOR,
            "CommandID": "TransactionStatusQuery",
            "TransactionID": "{{receipt}}",
            "PartyA": "{{shortcode}}",
            "IdentifierType": "4",
        },
        _TAKEN,
    ),
    Call(
        "Reversal",
        "/mpesa/reversal/v1/request",
        {
            **_OPERATOR,
            "CommandID": "TransactionReversal",
            "TransactionID": "{{receipt}}",
            "Amount": 20,
            "ReceiverParty": "{{shortcode}}",
            "RecieverIdentifierType": "11",
        },
        _TAKEN,
    ),
)
FOLDERS: Mapping[str, Sequence[Call]] = {
    "M-PESA Express": _PAYING,
    "Money that comes in by itself": _MONEY_IN,
    "Simulator only": _SIMULATOR_ONLY,
    "Status and reversal": _OPERATING,
}
