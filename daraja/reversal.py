"""Reversal: give a payment back to the payer. Whole payments that came in by PayBill, till or M-PESA Express only.

The answer is an acknowledgement; the result comes to the ResultURL: `read_reversal(parse_result(body))`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

from daraja import fields
from daraja.answers import read_acknowledgement
from daraja.catalogue import look_up
from daraja.entry import Channel
from daraja.results import Acknowledged, AsyncResult
from daraja.wire import is_zero

if TYPE_CHECKING:  # it brings `cryptography`, which nobody needs who only pushes
    from daraja.credential import Operator

REVERSAL_PATH: Final = "/mpesa/reversal/v1/request"
ReversalOutcome = Literal["reversed", "already_reversed", "failed", "pending", "unknown"]

_SHORTCODE_TYPE: Final = "11"
_LEAST_REMARKS: Final = 2


@dataclass(frozen=True, slots=True)
class ReversalRequest:
    """Give back the payment `transaction_id`, which `shortcode` received; raises BadRequest on what M-PESA would
    refuse. `amount_kes`: whole shillings, all of the payment: a part is not documented. remarks: 2 to 100.
    """

    shortcode: str
    transaction_id: str
    amount_kes: int
    result_url: str = field(repr=False)
    timeout_url: str = field(repr=False)
    remarks: str
    occasion: str = ""

    def __post_init__(self) -> None:
        fields.check_shortcode("ReceiverParty", self.shortcode)
        fields.check_receipt("TransactionID", self.transaction_id)
        fields.check_amount(self.amount_kes)
        fields.check_callback_url(self.result_url, "ResultURL")
        fields.check_callback_url(self.timeout_url, "QueueTimeOutURL")
        fields.check_remarks("Remarks", self.remarks, least=_LEAST_REMARKS)
        fields.check_remarks("Occasion", self.occasion)

    def body(self, operator: Operator) -> dict[str, str | int]:
        """The JSON that Daraja expects, in its own spelling. Raises BadRequest on an operator that is none."""
        body: dict[str, str | int] = {
            "Initiator": operator.initiator_name,
            "SecurityCredential": operator.security_credential(),
            "CommandID": "TransactionReversal",
            "TransactionID": self.transaction_id,
            "Amount": self.amount_kes,
            "ReceiverParty": self.shortcode,
            "RecieverIdentifierType": _SHORTCODE_TYPE,  # so spelt by M-PESA; spelt rightly it is refused
            "ResultURL": self.result_url,
            "QueueTimeOutURL": self.timeout_url,
            "Remarks": self.remarks,
        }
        return body | {"Occasion": self.occasion} if self.occasion else body


@dataclass(frozen=True, slots=True)
class Reversal:
    """What M-PESA says of a reversal.

    outcome: reversed; already_reversed (by an earlier request, or by somebody in the portal); failed (nothing was
    given back); pending; or unknown: a code that is not known here, so that nobody can tell.
    receipt: the reversal's own number; original_receipt: the payment's. payer: number and name: personal data.
    """

    outcome: ReversalOutcome
    cause: str
    result_code: str
    result_desc: str
    receipt: str | None = None
    original_receipt: str | None = None
    amount: Decimal | None = None
    completed_at: datetime | None = None
    payer: str = field(default="", repr=False)


def read_reversal_answer(status: int, body: bytes) -> Acknowledged:
    """The answer to the request. Raises Refused, TokenRefused (nothing was given back) or AnswerLost (unknown)."""
    return read_acknowledgement(Channel.REVERSAL, status, body)


def read_reversal(result: AsyncResult) -> Reversal:
    """What a result says of a reversal."""
    entry = look_up(Channel.RESULT, result.result_code, result.result_desc)
    outcome = _outcome(result, entry.cause, final=entry.final)
    done = outcome == "reversed"
    return Reversal(
        outcome=outcome,
        cause=entry.cause,
        result_code=result.result_code,
        result_desc=result.result_desc,
        receipt=_own_receipt(result) if done else None,
        original_receipt=result.receipt("OriginalTransactionID"),
        amount=result.amount("Amount"),
        completed_at=result.moment("TransCompletedTime", "TransactionCompletedDateTime"),
        payer=result.text("CreditPartyPublicName"),
    )


def _outcome(result: AsyncResult, cause: str, *, final: bool) -> ReversalOutcome:
    if not result.final or cause == "still_processing":
        return "pending"
    if is_zero(result.result_code):
        return "reversed"
    if cause == "already_reversed":
        return "already_reversed"
    return "failed" if final else "unknown"


def _own_receipt(result: AsyncResult) -> str | None:
    text = result.transaction_id.upper()
    return text if text.isalnum() and text.strip("0") else None
