"""The bodies of status and reversal: acknowledgement, result, time-out. After samples and what the field shows."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from daraja.simulator.operation_scripts import ResultShape
from daraja.simulator.payloads import NAIROBI, RESULTS, as_json
from daraja.simulator.scenarios import Ending

WORDS: Mapping[str, str] = {
    "1": "The balance is insufficient for the transaction.",
    "21": "The initiator is not allowed to initiate this request.",
    "R000001": "The transaction has already been reversed.",
    "R000002": "The OriginalTransactionID is invalid.",
}
PAYER_NAME = "CUSTOMER"

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Ids:
    """The two ids of one request, and that of what M-PESA does for it."""

    originator: str
    conversation: str
    transaction: str = "0000000000"


def conversation_id(at: datetime, rng: random.Random) -> str:
    """An id as M-PESA makes it, such as AG_20250117_20503343d9b604c7af7e."""
    return f"AG_{at.astimezone(NAIROBI):%Y%m%d}_{rng.getrandbits(80):020x}"


def nairobi_number(at: datetime) -> int:
    """Nairobi time as a number."""
    return int(f"{at.astimezone(NAIROBI):%Y%m%d%H%M%S}")


def acknowledgement(ids: Ids) -> str:
    """The answer to a request that was taken on."""
    return as_json(
        {
            "OriginatorConversationID": ids.originator,
            "ConversationID": ids.conversation,
            "ResponseCode": "0",
            "ResponseDescription": "Accept the service request successfully.",
        }
    )


def result_body(
    ids: Ids,
    ending: Ending,
    parameters: Mapping[str, Value],
    *,
    occasion: str = "",
    shape: ResultShape = ResultShape.LIVE,
    interim: bool = False,
) -> str:
    """A result. A parameter whose value is None comes without a Value key."""
    spaced = shape is ResultShape.SPACED
    code: str | int = int(ending.code) if ending.code.isdigit() and not spaced else ending.code
    result: dict[str, Any] = {
        "ResultType": 1 if interim else 0,
        "ResultCode": code,
        "ResultDesc": ending.desc or WORDS.get(ending.code) or RESULTS.get(ending.code, ""),
        "OriginatorConversationID": ids.originator,
        "Conversation ID" if spaced else "ConversationID": ids.conversation,
        "TransactionID": ids.transaction,
    }
    if parameters:
        result["ResultParameters"] = {"ResultParameter": _in_shape(parameters, shape)}
    reference = {"Key": "Occasion", "Value": occasion} if occasion else {"Key": "Occasion"}
    result["ReferenceData"] = {"ReferenceItem": [reference] if spaced else reference}
    return as_json({"Result": result})


def timeout_body(ids: Ids) -> str:
    """The note that a request was not come to in time: no document shows one, so it is a result's envelope."""
    return as_json(
        {
            "Result": {
                "ResultType": 1,
                "ResultDesc": "The request timed out in the queue.",
                "OriginatorConversationID": ids.originator,
                "ConversationID": ids.conversation,
            }
        }
    )


def _in_shape(parameters: Mapping[str, Value], shape: ResultShape) -> list[dict[str, Any]] | dict[str, Any]:
    if shape is ResultShape.SINGLE:
        return _item(next(iter(parameters)), next(iter(parameters.values())))
    rows = list(parameters.items())
    if shape is ResultShape.SPACED:
        return [_item(_with_blanks(key), None if value is None else str(value)) for key, value in rows]
    if shape is ResultShape.TWICE:
        return [_item(key.replace("CreditPartyName", "DebitPartyName"), value) for key, value in rows]
    return [_item(key, value) for key, value in rows]


def _item(key: str, value: Value) -> dict[str, Any]:
    return {"Key": key} if value is None else {"Key": key, "Value": value}


def _with_blanks(key: str) -> str:
    return key.removesuffix("ID") + " ID" if key.endswith("ConversationID") else key
