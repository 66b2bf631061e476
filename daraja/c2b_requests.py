"""C2B's two calls: telling M-PESA our URLs, and, in the sandbox alone, playing a payer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from daraja import fields
from daraja.answers import accepted, is_token_refusal
from daraja.entry import Channel
from daraja.errors import BadRequest, Refused
from daraja.money_in_codes import ALREADY_REGISTERED, DUPLICATE_WORDS
from daraja.wire import as_code, as_identifier, as_words, read_object

C2BVersion = Literal["v1", "v2"]
ResponseType = Literal["Completed", "Cancelled"]

VERSIONS: Final = ("v1", "v2")
RESPONSE_TYPES: Final = ("Completed", "Cancelled")
MAX_BILL_REFERENCE: Final = 20
_WELCOMING: Final = ("success", "accept")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterUrls:
    """The two URLs of a shortcode; raises BadRequest on what M-PESA would refuse.

    version: as the app's product is, v1 (payers' numbers hashed) or v2 (masked). response_type: what M-PESA does
    with a payment when the ValidationURL does not answer, `Completed` or `Cancelled`, in this very spelling.
    """

    shortcode: str
    validation_url: str = field(repr=False)
    confirmation_url: str = field(repr=False)
    response_type: str = "Completed"
    version: str = "v2"

    def __post_init__(self) -> None:
        fields.check_shortcode("ShortCode", self.shortcode)
        _check_version(self.version)
        if self.response_type not in RESPONSE_TYPES:
            raise BadRequest("ResponseType", "Completed or Cancelled, spelled so")
        fields.check_callback_url(self.validation_url, "ValidationURL", host_too=True)
        fields.check_callback_url(self.confirmation_url, "ConfirmationURL", host_too=True)

    @property
    def path(self) -> str:
        """Where it is posted to."""
        return f"/mpesa/c2b/{self.version}/registerurl"

    def body(self) -> dict[str, str | int]:
        """The JSON that Daraja expects."""
        return {
            "ShortCode": self.shortcode,
            "ResponseType": self.response_type,
            "ConfirmationURL": self.confirmation_url,
            "ValidationURL": self.validation_url,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateC2B:
    """A payment by hand, played in the sandbox. `amount_kes`: whole shillings; a till takes no account number."""

    shortcode: str
    amount_kes: int
    msisdn: str = field(repr=False)
    bill_ref_number: str = ""
    transaction_type: str = "CustomerPayBillOnline"
    version: str = "v2"

    def __post_init__(self) -> None:
        fields.check_shortcode("ShortCode", self.shortcode)
        _check_version(self.version)
        fields.check_transaction_type(self.transaction_type)
        fields.check_amount(self.amount_kes)
        fields.check_msisdn("Msisdn", self.msisdn)
        to_paybill = self.transaction_type == "CustomerPayBillOnline"
        if to_paybill != bool(self.bill_ref_number):
            raise BadRequest("BillRefNumber", "an account number for a PayBill, none for a till")
        if len(self.bill_ref_number) > MAX_BILL_REFERENCE or not self.bill_ref_number.isprintable():
            raise BadRequest("BillRefNumber", f"at most {MAX_BILL_REFERENCE} letters that can be printed")

    @property
    def path(self) -> str:
        """Where it is posted to."""
        return f"/mpesa/c2b/{self.version}/simulate"

    def body(self) -> dict[str, str | int]:
        """The JSON that Daraja expects."""
        body: dict[str, str | int] = {
            "ShortCode": int(self.shortcode),
            "CommandID": self.transaction_type,
            "Amount": self.amount_kes,
            "Msisdn": int(self.msisdn),
        }
        return body | {"BillRefNumber": self.bill_ref_number} if self.bill_ref_number else body


@dataclass(frozen=True, slots=True)
class C2BRegistered:
    """M-PESA keeps the URLs. The id may be empty: some answers carry none."""

    originator_conversation_id: str
    response_description: str


@dataclass(frozen=True, slots=True)
class C2BSimulated:
    """The sandbox took the simulated payment; its confirmation comes to the URLs, sooner, later or never."""

    originator_conversation_id: str
    response_description: str


def read_register_answer(status: int, body: bytes) -> C2BRegistered:
    """The answer to a registration: HTTP 200 with ResponseCode 0, 00000000, or none but a friendly word.

    Raises Refused (cause "already_registered" when the shortcode has URLs), TokenRefused or AnswerLost.
    """
    answer = read_object(body)
    if answer is not None and not is_token_refusal(body):
        _refuse_duplicate(status, answer)
        if 200 <= status < 300 and _is_bare_success(answer):
            return C2BRegistered(_conversation(answer), as_words(answer.get("ResponseDescription")))
    answer = accepted(Channel.C2B, status, body)
    return C2BRegistered(_conversation(answer), as_words(answer.get("ResponseDescription")))


def read_simulate_answer(status: int, body: bytes) -> C2BSimulated:
    """The answer to a simulation. Raises Refused, TokenRefused or AnswerLost."""
    answer = accepted(Channel.C2B, status, body)
    return C2BSimulated(_conversation(answer), as_words(answer.get("ResponseDescription")))


def _check_version(version: str) -> None:
    if version not in VERSIONS:
        raise BadRequest("version", "v1 or v2")


def _refuse_duplicate(status: int, answer: dict[str, Any]) -> None:
    """Known by its words: it comes under 500.003.1001, which elsewhere tells nothing, and without any code."""
    for name in ("errorMessage", "ResponseDescription"):
        words = answer.get(name)
        if isinstance(words, str) and any(known in words.lower() for known in DUPLICATE_WORDS):
            raise Refused(
                code=as_code(answer.get("errorCode")) or as_code(answer.get("ResponseCode")),
                message=as_words(words),
                http_status=status,
                request_id=as_identifier(answer.get("requestId")),
                cause=ALREADY_REGISTERED,
            )


def _is_bare_success(answer: dict[str, Any]) -> bool:
    if answer.get("ResponseCode") not in (None, "") or answer.get("errorCode") is not None:
        return False
    words = as_words(answer.get("ResponseDescription")).lower()
    return words.startswith(_WELCOMING) or (not words and bool(_conversation(answer)))


def _conversation(answer: dict[str, Any]) -> str:
    """Its id, in Safaricom's own spelling or the right one."""
    for name in ("OriginatorCoversationID", "OriginatorConversationID", "ConversationID"):
        if found := as_identifier(answer.get(name)):
            return found
    return ""
