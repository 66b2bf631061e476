"""Every function of daraja that reads what came from outside: what it gives, what it may raise, what it is fed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any

from daraja import answers, auth, c2b, c2b_requests, credential, messages, msisdn, phone, pull, qr, results
from daraja import reversal as reversals
from daraja import transaction_status as status_of
from daraja import wire as wires
from daraja.doctor import case, reading
from daraja.doctor.findings import Exchange, Finding, Verdict
from daraja.entry import Channel
from daraja.errors import DarajaError
from daraja.phone import BadPhone
from daraja.tokens import Token
from tests.daraja import operators
from tests.daraja.host import CHECKOUT, NOW

_WIRE = Path(__file__).parents[2] / "wire"


def _bodies(*names: str) -> tuple[bytes, ...]:
    """The recorded bodies whose names begin so."""
    found = [path.read_bytes() for name in names for path in sorted(_WIRE.glob(f"{name}*.json"))]
    assert found, names
    return tuple(found)


def _picture() -> bytes:
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (300).to_bytes(4) * 2 + b"\x08\x00"
    return json.dumps({"ResponseCode": "AG_1", "QRCode": base64.b64encode(png).decode()}).encode()


def _text(body: bytes) -> str:
    return body.decode("utf-8", "surrogateescape")


def _typed(body: bytes) -> str:
    """What a person may have typed: a text of JSON, else the bytes as they are."""
    value = _value(body)
    return value if isinstance(value, str) else _text(body)


def _value(body: bytes) -> object:
    """Any value of JSON, or a text."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return _text(body)
    return next(iter(value.values()), value) if isinstance(value, dict) else value


def _exchange(status: int, body: bytes) -> Exchange:
    return reading.exchange_of("POST https://daraja.invalid", NOW, 0.1, status, body, secrets=("kept-token",))


@dataclass(frozen=True)
class Parser:
    """call: with an HTTP status and a body. good: bodies that it reads, to be spoilt."""

    call: Callable[[int, bytes], object]
    gives: type | UnionType
    good: tuple[bytes, ...]
    raises: tuple[type[Exception], ...] = (DarajaError,)


_ERRORS = _bodies("error_")
_CALLBACKS = _bodies("callback_")
_RESULTS = _bodies("status_result", "reversal_result", "result_")
_C2B = _bodies("c2b_confirmation", "c2b_validation")
_ACCEPTED = (*_bodies("operation_accepted"), *_ERRORS)
_PHONES = (b'"0712 345 678"', b'"+254 (0) 112-345678"', b'["2547 ***** 149"]', b'{"MSISDN": "9f9f"}')

PARSERS: dict[str, Parser] = {
    "answers.read_push_answer": Parser(
        answers.read_push_answer, messages.StkAccepted, _bodies("push_", "error_token", "error_busy")
    ),
    "answers.read_query_answer": Parser(
        lambda status, body: answers.read_query_answer(status, body, CHECKOUT),
        messages.StkQueryResult,
        _bodies("query_"),
    ),
    "answers.read_probe_answer": Parser(answers.read_probe_answer, NoneType, _ERRORS),
    "answers.read_acknowledgement": Parser(
        lambda status, body: answers.read_acknowledgement(Channel.STATUS, status, body),
        results.Acknowledged,
        _ACCEPTED,
    ),
    "auth.read_token": Parser(
        lambda status, body: auth.read_token(status, body, NOW), Token, _bodies("token_")
    ),
    "c2b.parse_c2b_confirmation": Parser(
        lambda _, body: c2b.parse_c2b_confirmation(body), c2b.C2BConfirmation, _C2B
    ),
    "c2b.parse_c2b_validation": Parser(
        lambda _, body: c2b.parse_c2b_validation(body), c2b.C2BValidation, _C2B
    ),
    "c2b_requests.read_register_answer": Parser(
        c2b_requests.read_register_answer, c2b_requests.C2BRegistered, _bodies("c2b_registered", "error_urls")
    ),
    "c2b_requests.read_simulate_answer": Parser(
        c2b_requests.read_simulate_answer, c2b_requests.C2BSimulated, _bodies("c2b_registered", "error_bad")
    ),
    "credential.read_certificate": Parser(
        lambda _, body: credential.read_certificate(_text(body)), bytes, _PHONES
    ),
    "credential.certificate_facts": Parser(
        lambda _, body: credential.certificate_facts(_as_certificate(body)),
        credential.CertificateFacts,
        _PHONES,
    ),
    "doctor.case.reading_of": Parser(
        lambda status, body: case.reading_of(
            Finding("products", "stk", Verdict.BAD, "", exchange=_exchange(status, body))
        ),
        reading.Reading | None,
        _ERRORS,
    ),
    "doctor.reading.read": Parser(
        lambda status, body: reading.read(_exchange(status, body)),
        reading.Reading,
        (*_ERRORS, *_bodies("push_")),
    ),
    "messages.parse_stk_callback": Parser(
        lambda _, body: messages.parse_stk_callback(body), messages.StkCallback, _CALLBACKS
    ),
    "msisdn.read_msisdn": Parser(lambda _, body: msisdn.read_msisdn(_value(body)), tuple, _PHONES),
    "phone.parse_phone": Parser(lambda _, body: phone.parse_phone(_typed(body)), str, _PHONES, (BadPhone,)),
    "pull.read_pull_page": Parser(pull.read_pull_page, pull.PullPage, _bodies("pull_page", "pull_nothing")),
    "pull.read_pull_registered": Parser(
        pull.read_pull_registered, pull.PullRegistered, _bodies("pull_registered", "pull_nothing")
    ),
    "qr.read_qr_answer": Parser(qr.read_qr_answer, qr.QrCode, (_picture(), *_bodies("error_bad"))),
    "results.parse_result": Parser(lambda _, body: results.parse_result(body), results.AsyncResult, _RESULTS),
    "results.parse_timeout": Parser(lambda _, body: results.parse_timeout(body), results.TimedOut, _RESULTS),
    "reversal.read_reversal": Parser(
        lambda _, body: reversals.read_reversal(results.parse_result(body)), reversals.Reversal, _RESULTS
    ),
    "reversal.read_reversal_answer": Parser(reversals.read_reversal_answer, results.Acknowledged, _ACCEPTED),
    "transaction_status.read_status_answer": Parser(
        status_of.read_status_answer, results.Acknowledged, _ACCEPTED
    ),
    "transaction_status.read_transaction_status": Parser(
        lambda _, body: status_of.read_transaction_status(results.parse_result(body)),
        status_of.TransactionStatus,
        _RESULTS,
    ),
    "wire.read_object": Parser(lambda _, body: wires.read_object(body), dict | None, _ERRORS),
}


def _as_certificate(body: bytes) -> bytes:
    """A certificate with these bytes in its midst."""
    good = operators.certificate(der=True)
    return good[:200] + body + good[200 + len(body) :]


def everything_in(value: Any) -> list[Any]:
    """A value and all that is inside it."""
    if isinstance(value, dict):
        return [value, *(inner for pair in value.items() for each in pair for inner in everything_in(each))]
    if isinstance(value, list | tuple):
        return [value, *(inner for each in value for inner in everything_in(each))]
    return [value, *everything_in({name: getattr(value, name) for name in _fields_of(value)})[1:]]


def _fields_of(value: Any) -> tuple[str, ...]:
    return tuple(getattr(type(value), "__dataclass_fields__", ()))
