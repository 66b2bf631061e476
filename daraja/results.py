"""What M-PESA sends later: the result of a request it had acknowledged, or that it did not come to it in time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from daraja.errors import BadCallback
from daraja.times import NAIROBI, from_stamp
from daraja.wire import as_amount, as_code, as_identifier, as_words, read_object

Value = str | int | Decimal | None

_NOT_FINAL: Final = "1"
_LONGEST_RECEIPT: Final = 20
_NOT_IN_A_KEY: Final = re.compile(r"[^a-z0-9]")
_DOTTED: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}) (\d{1,2}):(\d{2}):(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """M-PESA took the request and will answer to the ResultURL. It says nothing of how that will end."""

    originator_conversation_id: str
    conversation_id: str
    response_description: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One Key with its Value, as sent. Values hold names and phone numbers: personal data."""

    key: str
    value: Value = field(repr=False)


@dataclass(frozen=True, slots=True)
class AsyncResult:
    """The body on a ResultURL.

    final: nothing more is to come (ResultType is not 1). result_code speaks of the request, not of the transaction
    that it asked about. transaction_id: of what M-PESA did now, not of what was asked about; empty when none.
    """

    final: bool
    result_code: str
    result_desc: str
    originator_conversation_id: str
    conversation_id: str
    transaction_id: str
    parameters: tuple[Parameter, ...] = field(default=(), repr=False)
    references: tuple[Parameter, ...] = field(default=(), repr=False)

    def values(self, key: str) -> tuple[Value, ...]:
        """Every value that a key came with, in their order. Keys are compared by letters and digits alone."""
        wanted = _bare(key)
        return tuple(p.value for p in self.parameters if _bare(p.key) == wanted and p.value not in (None, ""))

    def text(self, key: str) -> str:
        """The first value of a key as text, outer blanks cut; "" when there is none. Personal data perhaps."""
        return next((str(value).strip() for value in self.values(key)), "")

    def amount(self, *keys: str) -> Decimal | None:
        """The first of these keys that is a sum of money, in shillings."""
        found = (as_amount(value) for key in keys for value in self.values(key))
        return next((amount for amount in found if amount is not None), None)

    def moment(self, *keys: str) -> datetime | None:
        """The first of these keys that is a moment; aware, UTC."""
        found = (_moment(value) for key in keys for value in self.values(key))
        return next((at for at in found if at is not None), None)

    def receipt(self, *keys: str) -> str | None:
        """The first of these keys that is an M-PESA receipt number, in capitals."""
        found = (as_identifier(value).upper() for key in keys for value in self.values(key))
        return next((text for text in found if text.isalnum() and len(text) <= _LONGEST_RECEIPT), None)


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The body on a QueueTimeOutURL: M-PESA did not come to the request in time. That is no failure: what became of
    it is not known yet, and a result may follow.
    """

    originator_conversation_id: str = ""
    conversation_id: str = ""
    result_code: str = ""
    result_desc: str = ""


def parse_result(body: bytes) -> AsyncResult:
    """Read the body on a ResultURL, in every shape seen. Raises BadCallback on what is none.

    Strict about the result and whose it is; a parameter that cannot be read has no value.
    """
    document = read_object(body)
    if document is None:
        raise BadCallback("not a JSON object")
    result = _fields(document).get("result")
    if not isinstance(result, dict):
        raise BadCallback("no Result")
    fields = _fields(result)
    code = as_code(fields.get("resultcode"))
    if not code:
        raise BadCallback("no ResultCode")
    originator = as_identifier(fields.get("originatorconversationid"))
    conversation = as_identifier(fields.get("conversationid"))
    if not (originator or conversation):
        raise BadCallback("no ConversationID")
    return AsyncResult(
        final=as_code(fields.get("resulttype")) != _NOT_FINAL,
        result_code=code,
        result_desc=as_words(fields.get("resultdesc")),
        originator_conversation_id=originator,
        conversation_id=conversation,
        transaction_id=as_identifier(fields.get("transactionid")),
        parameters=tuple(_parameters(fields.get("resultparameters"), "resultparameter")),
        references=tuple(_parameters(fields.get("referencedata"), "referenceitem")),
    )


def parse_timeout(body: bytes) -> TimedOut:
    """Read the body on a QueueTimeOutURL, whose shape nobody has documented. Raises BadCallback when it is no JSON
    object; every field may be empty.
    """
    document = read_object(body)
    if document is None:
        raise BadCallback("not a JSON object")
    result = _fields(document).get("result")
    fields = _fields(result if isinstance(result, dict) else document)
    return TimedOut(
        originator_conversation_id=as_identifier(fields.get("originatorconversationid")),
        conversation_id=as_identifier(fields.get("conversationid")),
        result_code=as_code(fields.get("resultcode")),
        result_desc=as_words(fields.get("resultdesc")),
    )


def _bare(key: str) -> str:
    """`Conversation ID` and `ConversationID` are one key."""
    return _NOT_IN_A_KEY.sub("", key.lower())


def _fields(document: dict[str, Any]) -> dict[str, Any]:
    """By bare key; of two spellings of one key the first with a value."""
    fields: dict[str, Any] = {}
    for key, value in document.items():
        if value is not None:
            fields.setdefault(_bare(key), value)
    return fields


def _parameters(holder: object, name: str) -> Iterator[Parameter]:
    """Each {Key, Value} of `{name: [..]}`, of `{name: {..}}`, or of a list without that name between."""
    rows = _fields(holder).get(name) if isinstance(holder, dict) else holder
    for row in rows if isinstance(rows, list) else [rows]:
        fields = _fields(row) if isinstance(row, dict) else {}
        key = fields.get("key")
        if isinstance(key, str):
            yield Parameter(_sound(key), _value(fields.get("value")))


def _value(value: object) -> Value:
    if isinstance(value, str):
        return _sound(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return value


def _sound(text: str) -> str:
    """Without halves of characters, which JSON can hold and nothing else can keep."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _moment(value: Value) -> datetime | None:
    """`20250117170614` as number or text, or `17.01.2025 17:06:14`: Nairobi time."""
    if isinstance(value, Decimal):
        value = int(value) if value.is_finite() and value.adjusted() < 15 and value == int(value) else None
    text = str(value).strip() if value is not None else ""
    dotted = _DOTTED.fullmatch(text)
    if dotted is None:
        return from_stamp(text)
    day, month, year, hour, minute, second = (int(part) for part in dotted.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=NAIROBI).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
