"""C2B: money that a payer sends by hand to the shortcode, and M-PESA's word of it to the URLs registered for that.

    POST /mpesa/c2b/v2/registerurl     once in production, then M-PESA knows the two URLs
    <- validation                      only with external validation on: answer within 8 s, `accept` or `reject`
    <- confirmation                    the money has come in: keep it, then `acknowledge`

A payment by STK push is confirmed here too, before or after its callback, under the same receipt number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeVar

from daraja.errors import BadCallback, BadRequest
from daraja.msisdn import MsisdnKind, read_msisdn
from daraja.times import from_text
from daraja.wire import as_amount, as_identifier, as_typed, as_words, read_object

_LONGEST_RECEIPT: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class C2BPayment:
    """What a validation and a confirmation say of a payment.

    receipt: M-PESA's number, in capitals, the same as an STK callback's MpesaReceiptNumber. amount: shillings,
    above 0. paid_at: aware UTC, None when it cannot be read. bill_ref_number: the account number as the payer
    typed it. msisdn as sent, see msisdn_kind; names may all be empty. org_account_balance: shillings, None when
    not told (a validation never tells).
    """

    receipt: str
    amount: Decimal
    paid_at: datetime | None
    shortcode: str
    transaction_type: str
    bill_ref_number: str = field(repr=False)
    invoice_number: str = field(repr=False)
    third_party_trans_id: str
    org_account_balance: Decimal | None = field(repr=False)
    msisdn: str = field(repr=False)
    msisdn_kind: MsisdnKind
    first_name: str = field(repr=False)
    middle_name: str = field(repr=False)
    last_name: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class C2BConfirmation(C2BPayment):
    """The money has come in. M-PESA may say so more than once, and of STK payments as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class C2BValidation(C2BPayment):
    """A payer wants to pay; nothing has moved. Silence is answered by the ResponseType that was registered."""


_P = TypeVar("_P", bound=C2BPayment)


def parse_c2b_confirmation(body: bytes) -> C2BConfirmation:
    """Read the body posted to the ConfirmationURL. Raises BadCallback without a receipt number and an amount.

    All else may be missing, and fields nobody knows are passed over: money that came in must not be lost.
    """
    return _payment(C2BConfirmation, body)


def parse_c2b_validation(body: bytes) -> C2BValidation:
    """Read the body posted to the ValidationURL, as `parse_c2b_confirmation` does. Raises BadCallback."""
    return _payment(C2BValidation, body)


class C2BRejection(StrEnum):
    """Why a payment is refused; it words the SMS that the payer gets."""

    MSISDN = "C2B00011"
    ACCOUNT_NUMBER = "C2B00012"
    AMOUNT = "C2B00013"
    KYC = "C2B00014"
    SHORTCODE = "C2B00015"
    OTHER = "C2B00016"


def accept(third_party_trans_id: str = "") -> dict[str, str]:
    """The JSON answer to a validation: let the payment through.

    third_party_trans_id: ours, comes back in the confirmation; 1 to 100 plain letters without blanks, or none.
    Raises BadRequest on any other.
    """
    answer = {"ResultCode": "0", "ResultDesc": "Accepted"}
    if not third_party_trans_id:
        return answer
    if as_identifier(third_party_trans_id) != third_party_trans_id:
        raise BadRequest("ThirdPartyTransID", "1 to 100 plain letters without blanks")
    return answer | {"ThirdPartyTransID": third_party_trans_id}


def reject(reason: C2BRejection) -> dict[str, str]:
    """The JSON answer to a validation: do not take the money."""
    return {"ResultCode": reason.value, "ResultDesc": "Rejected"}


def acknowledge() -> dict[str, int | str]:
    """The JSON answer to a confirmation, with HTTP 200; not before the payment is safely kept."""
    return {"ResultCode": 0, "ResultDesc": "Accepted"}


def _payment(kind: type[_P], body: bytes) -> _P:
    told = read_object(body)
    if told is None:
        raise BadCallback("not a JSON object")
    amount = as_amount(told.get("TransAmount"))
    if amount is None or amount <= 0:
        raise BadCallback("no TransAmount")
    msisdn, msisdn_kind = read_msisdn(told.get("MSISDN"))
    return kind(
        receipt=_receipt(told),
        amount=amount,
        paid_at=from_text(as_typed(told.get("TransTime")).strip()),
        shortcode=as_identifier(told.get("BusinessShortCode")),
        transaction_type=as_words(told.get("TransactionType")),
        bill_ref_number=as_typed(told.get("BillRefNumber")),
        invoice_number=as_typed(told.get("InvoiceNumber")),
        third_party_trans_id=as_identifier(told.get("ThirdPartyTransID")),
        org_account_balance=as_amount(told.get("OrgAccountBalance")),
        msisdn=msisdn,
        msisdn_kind=msisdn_kind,
        first_name=as_typed(told.get("FirstName")).strip(),
        middle_name=as_typed(told.get("MiddleName")).strip(),
        last_name=as_typed(told.get("LastName")).strip(),
    )


def _receipt(told: dict[str, Any]) -> str:
    text = as_identifier(told.get("TransID")).upper()
    if not text.isalnum() or len(text) > _LONGEST_RECEIPT:
        raise BadCallback("no TransID")
    return text
