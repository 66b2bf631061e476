"""What Daraja checks of a status or reversal request before it acknowledges it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from daraja.simulator.checks import MAX_AMOUNT_KES, is_callback_url, text_of
from daraja.simulator.replies import Refused, invalid_field

_NAME = re.compile(r"\S{1,100}")
_CREDENTIAL = re.compile(r"[A-Za-z0-9+/]{20,1000}={0,2}")
_RECEIPT = re.compile(r"[A-Z0-9]{1,20}")
_CONVERSATION = re.compile(r"\S{1,100}")
_SHORTCODE = re.compile(r"[0-9]{5,7}")
_WHOLE = re.compile(r"[0-9]{1,9}")
_FORBIDDEN = ("mpesa", "safaricom")
_MAX_WORDS = 100


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """A request whose fields are all well formed. amount_kes: 0 on a status request."""

    initiator: str
    security_credential: str = field(repr=False)
    shortcode: str
    receipt: str
    original_conversation_id: str
    amount_kes: int
    result_url: str = field(repr=False)
    timeout_url: str = field(repr=False)
    remarks: str
    occasion: str


def read_status_request(body: Mapping[str, object]) -> OperationRequest:
    """Check every field of a status request: the receipt, or the conversation id, or both."""
    initiator, credential = _operator(body, "TransactionStatusQuery")
    receipt = text_of(body, "TransactionID")
    conversation = text_of(body, "OriginalConversationID")
    if receipt or not conversation:
        receipt = _matching(body, "TransactionID", _RECEIPT)
    if conversation:
        conversation = _matching(body, "OriginalConversationID", _CONVERSATION)
    shortcode = _matching(body, "PartyA", _SHORTCODE)
    if text_of(body, "IdentifierType") != "4":
        raise Refused(invalid_field("IdentifierType"))
    return _request(body, initiator, credential, shortcode, receipt, conversation, 0)


def read_reversal_request(body: Mapping[str, object]) -> OperationRequest:
    """Check every field of a reversal, in Safaricom's spelling."""
    initiator, credential = _operator(body, "TransactionReversal")
    receipt = _matching(body, "TransactionID", _RECEIPT)
    amount = int(_matching(body, "Amount", _WHOLE))
    if not 1 <= amount <= MAX_AMOUNT_KES:
        raise Refused(invalid_field("Amount"))
    shortcode = _matching(body, "ReceiverParty", _SHORTCODE)
    if text_of(body, "RecieverIdentifierType") != "11":
        raise Refused(invalid_field("RecieverIdentifierType"))
    return _request(body, initiator, credential, shortcode, receipt, "", amount)


def _operator(body: Mapping[str, object], command: str) -> tuple[str, str]:
    initiator = _matching(body, "Initiator", _NAME)
    credential = _matching(body, "SecurityCredential", _CREDENTIAL)
    if text_of(body, "CommandID") != command:
        raise Refused(invalid_field("CommandID"))
    return initiator, credential


def _request(
    body: Mapping[str, object],
    initiator: str,
    credential: str,
    shortcode: str,
    receipt: str,
    conversation: str,
    amount_kes: int,
) -> OperationRequest:
    return OperationRequest(
        initiator=initiator,
        security_credential=credential,
        shortcode=shortcode,
        receipt=receipt,
        original_conversation_id=conversation,
        amount_kes=amount_kes,
        result_url=_url(body, "ResultURL"),
        timeout_url=_url(body, "QueueTimeOutURL"),
        remarks=_words(body, "Remarks", 2),
        occasion=_words(body, "Occasion", 0),
    )


def _matching(body: Mapping[str, object], name: str, pattern: re.Pattern[str]) -> str:
    value = text_of(body, name)
    if not pattern.fullmatch(value):
        raise Refused(invalid_field(name))
    return value


def _url(body: Mapping[str, object], name: str) -> str:
    value = text_of(body, name)
    if not is_callback_url(value) or any(word in value.lower() for word in _FORBIDDEN):
        raise Refused(invalid_field(name))
    return value


def _words(body: Mapping[str, object], name: str, least: int) -> str:
    value = text_of(body, name)
    if not least <= len(value) <= _MAX_WORDS:
        raise Refused(invalid_field(name))
    return value
