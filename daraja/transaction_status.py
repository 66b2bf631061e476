"""Transaction Status: what became of one payment, asked by its receipt number or its original conversation id.

The answer is an acknowledgement; the result comes to the ResultURL: `read_transaction_status(parse_result(body))`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

from daraja import fields
from daraja.answers import read_acknowledgement
from daraja.entry import Channel
from daraja.errors import BadRequest
from daraja.msisdn import may_be
from daraja.results import Acknowledged, AsyncResult
from daraja.wire import as_identifier, as_words, is_zero

if TYPE_CHECKING:  # it brings `cryptography`, which nobody needs who only pushes
    from daraja.credential import Operator

STATUS_PATH: Final = "/mpesa/transactionstatus/v1/query"
TransactionOutcome = Literal["completed", "failed", "pending", "unknown"]

_SHORTCODE_TYPE: Final = "4"
_CONVERSATION: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_PARTY: Final = re.compile(r"\s*(\d{5,12})(?:\s|-|$)", re.ASCII)
_OUTCOMES: Final[dict[str, TransactionOutcome]] = {
    "completed": "completed",
    "cancelled": "failed",
    "declined": "failed",
    "expired": "failed",
    "initiated": "pending",
    "authorized": "pending",
    "pending authorized": "pending",
}


@dataclass(frozen=True, slots=True)
class TransactionStatusRequest:
    """A question about one transaction of `shortcode`; raises BadRequest on what M-PESA would refuse.

    Say transaction_id (the receipt number) or original_conversation_id, or both. remarks, occasion: at most 100.
    """

    shortcode: str
    result_url: str = field(repr=False)
    timeout_url: str = field(repr=False)
    transaction_id: str | None = None
    original_conversation_id: str | None = None
    remarks: str = "Status"
    occasion: str = ""

    def __post_init__(self) -> None:
        fields.check_shortcode("PartyA", self.shortcode)
        if self.transaction_id is None and self.original_conversation_id is None:
            raise BadRequest("TransactionID", "say a receipt number or an original conversation id")
        if self.transaction_id is not None:
            fields.check_receipt("TransactionID", self.transaction_id)
        if self.original_conversation_id is not None and not _CONVERSATION.fullmatch(
            self.original_conversation_id
        ):
            raise BadRequest("OriginalConversationID", "letters, digits, - and _, at most 100")
        fields.check_callback_url(self.result_url, "ResultURL")
        fields.check_callback_url(self.timeout_url, "QueueTimeOutURL")
        fields.check_remarks("Remarks", self.remarks, least=2)
        fields.check_remarks("Occasion", self.occasion)

    def body(self, operator: Operator) -> dict[str, str | int]:
        """The JSON that Daraja expects, keys without blanks. Raises BadRequest on an operator that is none."""
        body: dict[str, str | int] = {
            "Initiator": operator.initiator_name,
            "SecurityCredential": operator.security_credential(),
            "CommandID": "TransactionStatusQuery",
            "PartyA": self.shortcode,
            "IdentifierType": _SHORTCODE_TYPE,
            "ResultURL": self.result_url,
            "QueueTimeOutURL": self.timeout_url,
            "Remarks": self.remarks,
        }
        if self.transaction_id is not None:
            body["TransactionID"] = self.transaction_id
        if self.original_conversation_id is not None:
            body["OriginalConversationID"] = self.original_conversation_id
        return body | {"Occasion": self.occasion} if self.occasion else body


@dataclass(frozen=True, slots=True)
class TransactionStatus:
    """What M-PESA says of one transaction.

    outcome: completed, failed (Cancelled, Declined, Expired), pending, or unknown: the question itself failed, or
    M-PESA used a word that is not known here. Unknown never means failed. `status` is M-PESA's word.
    amount in shillings; moments aware, UTC; the parties as sent, a number with a name: personal data.
    original_conversation_id: of the transaction, not of the question.
    """

    outcome: TransactionOutcome
    status: str
    result_code: str
    result_desc: str
    receipt: str | None = None
    amount: Decimal | None = None
    initiated_at: datetime | None = None
    finalised_at: datetime | None = None
    debit_party: str = field(default="", repr=False)
    credit_party: str = field(default="", repr=False)
    reason_type: str = ""
    original_conversation_id: str = ""

    @property
    def credited_shortcode(self) -> str:
        """The number before the name of whoever received; "" when it is not told."""
        found = _PARTY.match(self.credit_party)
        return found.group(1) if found else ""

    def may_be_from(self, msisdn: str) -> bool:
        """False when M-PESA shows a payer's number that is surely not this one (254 and nine digits).

        True proves nothing: numbers come masked, hashed, or not at all.
        """
        return may_be(msisdn, self.debit_party.partition(" - ")[0])


def read_status_answer(status: int, body: bytes) -> Acknowledged:
    """The answer to the request. Raises Refused, TokenRefused or AnswerLost: no news of the payment."""
    return read_acknowledgement(Channel.STATUS, status, body)


def read_transaction_status(result: AsyncResult) -> TransactionStatus:
    """What a result says of the transaction that was asked about."""
    word = as_words(result.text("TransactionStatus"))
    return TransactionStatus(
        outcome=_outcome(result, word),
        status=word,
        result_code=result.result_code,
        result_desc=result.result_desc,
        receipt=result.receipt("ReceiptNo"),
        amount=result.amount("Amount", "TransactionAmount"),
        initiated_at=result.moment("InitiatedTime"),
        finalised_at=result.moment("FinalisedTime", "TransactionDate"),
        debit_party=result.text("DebitPartyName"),
        credit_party=result.text("CreditPartyName"),
        reason_type=as_words(result.text("ReasonType")),
        original_conversation_id=as_identifier(result.text("OriginatorConversationID")),
    )


def _outcome(result: AsyncResult, word: str) -> TransactionOutcome:
    if not result.final:
        return "pending"
    if not is_zero(result.result_code):
        return "unknown"
    return _OUTCOMES.get(" ".join(word.lower().split()), "unknown")
