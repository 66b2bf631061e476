"""What we send to Daraja and what it sends back, as frozen values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

from daraja import fields
from daraja.errors import BadCallback
from daraja.times import from_stamp
from daraja.wire import as_amount, as_code, as_identifier, as_words, read_object

QueryOutcome = Literal["paid", "failed", "pending", "undecided"]

_LONGEST_RECEIPT: Final = 20
_LONGEST_PHONE: Final = 64  # a SHA-256 in hex


@dataclass(frozen=True, slots=True)
class StkPush:
    """A prompt to be sent; raises BadRequest on what M-PESA would refuse. `amount_kes`: whole shillings.

    `party_a` pays, `phone_number` gets the prompt, `party_b` receives (the PayBill, or the till).
    """

    shortcode: str
    party_b: str
    transaction_type: str
    amount_kes: int
    party_a: str = field(repr=False)
    phone_number: str = field(repr=False)
    callback_url: str = field(repr=False)
    account_reference: str
    transaction_desc: str

    def __post_init__(self) -> None:
        fields.check_shortcode("BusinessShortCode", self.shortcode)
        fields.check_shortcode("PartyB", self.party_b)
        fields.check_transaction_type(self.transaction_type)
        fields.check_amount(self.amount_kes)
        fields.check_msisdn("PartyA", self.party_a)
        fields.check_msisdn("PhoneNumber", self.phone_number)
        fields.check_callback_url(self.callback_url)
        fields.check_account_reference(self.account_reference)
        fields.check_transaction_desc(self.transaction_desc)

    def body(self, *, password: str, timestamp: str) -> dict[str, str | int]:
        """The JSON that Daraja expects: what its page calls numeric as numbers, no empty description."""
        body: dict[str, str | int] = {
            "BusinessShortCode": int(self.shortcode),
            "Password": password,
            "Timestamp": timestamp,
            "TransactionType": self.transaction_type,
            "Amount": self.amount_kes,
            "PartyA": int(self.party_a),
            "PartyB": int(self.party_b),
            "PhoneNumber": int(self.phone_number),
            "CallBackURL": self.callback_url,
            "AccountReference": self.account_reference,
        }
        return body | {"TransactionDesc": self.transaction_desc} if self.transaction_desc else body


@dataclass(frozen=True, slots=True)
class StkAccepted:
    """M-PESA took the push. The CheckoutRequestID holds phone digits: personal data."""

    merchant_request_id: str
    checkout_request_id: str = field(repr=False)
    response_description: str
    customer_message: str


@dataclass(frozen=True, slots=True)
class StkQueryResult:
    """What a query says of a push: paid (0), failed (a final code), pending (4999), or undecided.

    `undecided`: 500.001.1001, or a code that is not known to be final. Ask again after 10 seconds.
    """

    outcome: QueryOutcome
    result_code: str
    result_desc: str


@dataclass(frozen=True, slots=True)
class StkCallback:
    """M-PESA's report on a push.

    `amount` in shillings, `transaction_date` aware UTC, `phone` as sent, maybe masked: these and the receipt
    come with a success only, and may lack even then.
    """

    merchant_request_id: str
    checkout_request_id: str = field(repr=False)
    result_code: str
    result_desc: str
    amount: Decimal | None = None
    receipt: str | None = None
    transaction_date: datetime | None = None
    phone: str | None = field(default=None, repr=False)


def parse_stk_callback(body: bytes) -> StkCallback:
    """Read the body of an STK callback, in every shape seen. Raises BadCallback on what is none.

    Strict about what names the payment and its result; a metadata item that cannot be read is None.
    """
    callback = _callback_in(read_object(body))
    checkout_request_id = as_identifier(callback.get("CheckoutRequestID"))
    result_code = as_code(callback.get("ResultCode"))
    if not checkout_request_id:
        raise BadCallback("no CheckoutRequestID")
    if not result_code:
        raise BadCallback("no ResultCode")
    items = dict(_items(callback.get("CallbackMetadata")))
    return StkCallback(
        merchant_request_id=as_identifier(callback.get("MerchantRequestID")),
        checkout_request_id=checkout_request_id,
        result_code=result_code,
        result_desc=as_words(callback.get("ResultDesc")),
        amount=as_amount(items.get("Amount")),
        receipt=_receipt(items.get("MpesaReceiptNumber")),
        transaction_date=from_stamp(as_identifier(items.get("TransactionDate"))),
        phone=_phone(items.get("PhoneNumber")),
    )


def _callback_in(document: dict[str, Any] | None) -> dict[str, Any]:
    if document is None:
        raise BadCallback("not a JSON object")
    envelope = document.get("Body")
    callback = envelope.get("stkCallback") if isinstance(envelope, dict) else None
    if not isinstance(callback, dict):
        raise BadCallback("no Body.stkCallback")
    return callback


def _items(metadata: object) -> Iterator[tuple[str, object]]:
    """(Name, Value) of each item that has both, the first of a name last, so that it wins in a dict."""
    found = metadata.get("Item") if isinstance(metadata, dict) else None
    rows = found if isinstance(found, list) else [found]
    for row in reversed(rows):
        if isinstance(row, dict) and isinstance(row.get("Name"), str) and row.get("Value") is not None:
            yield row["Name"].strip(), row["Value"]


def _receipt(value: object) -> str | None:
    text = as_identifier(value).upper()
    return text if text.isalnum() and len(text) <= _LONGEST_RECEIPT else None


def _phone(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip()
    return text if text.isprintable() and 0 < len(text) <= _LONGEST_PHONE else None
