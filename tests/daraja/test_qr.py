"""Dynamic QR: what is asked, and the picture that comes."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daraja import AnswerLost, BadRequest, QrRequest, Refused, TokenRefused, TrxCode
from daraja.qr import MOST_PNG_BYTES, read_qr_answer
from tests.daraja.test_any_answer import BODIES, VALUES

HEAD = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
PNG = HEAD + struct.pack(">II", 300, 300) + b"rest"


def request(**changes: Any) -> QrRequest:
    sound: dict[str, Any] = {
        "merchant_name": "Test School",
        "reference": "ADM1042",
        "amount_kes": 1500,
        "credit_party": "174379",
    }
    return QrRequest(**(sound | changes))


def answer(picture: object, **more: object) -> bytes:
    sample = {"ResponseCode": "AG_20191219_000043fdf61864fe9ff5", "RequestID": "16738-27456357-1"}
    words = {"ResponseDescription": "QR Code Successfully Generated."}
    return json.dumps(sample | words | {"QRCode": picture} | more).encode()


def coded(picture: bytes) -> str:
    return base64.b64encode(picture).decode()


def test_a_request_is_worded_as_the_page_says() -> None:
    assert request().body() == {
        "MerchantName": "Test School",
        "RefNo": "ADM1042",
        "Amount": 1500,
        "TrxCode": "PB",
        "CPI": "174379",
        "Size": "300",
    }
    sent = request(trx_code=TrxCode.SEND_MONEY, credit_party="254712345678")
    assert sent.body()["TrxCode"] == "SM"
    assert "254712345678" not in repr(sent)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("MerchantName", {"merchant_name": ""}),
        ("MerchantName", {"merchant_name": "x" * 41}),
        ("RefNo", {"reference": "a\nb"}),
        ("RefNo", {"reference": "x" * 21}),
        ("Amount", {"amount_kes": 250_001}),
        ("TrxCode", {"trx_code": "XX"}),
        ("CPI", {"credit_party": "254712345678"}),
        ("CPI", {"trx_code": TrxCode.SEND_MONEY}),
        ("Size", {"size_px": 99}),
        ("Size", {"size_px": 501}),
        ("Size", {"size_px": True}),
    ],
)
def test_a_request_that_cannot_be_is_not_sent(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as caught:
        request(**changes)
    assert caught.value.field == field


@pytest.mark.parametrize("picture", [coded(PNG), f"data:image/png;base64,{coded(PNG)}", f" {coded(PNG)}\n"])
def test_the_picture_is_the_success_whatever_the_code(picture: str) -> None:
    code = read_qr_answer(200, answer(picture))
    assert (code.png, code.request_id) == (PNG, "16738-27456357-1")
    assert b"IHDR" not in repr(code).encode()


@pytest.mark.parametrize(
    "picture",
    [
        "not base64 !",
        coded(b"GIF89a" + PNG),
        coded(HEAD),
        coded(HEAD + struct.pack(">II", 300, 2001)),
        coded(HEAD + struct.pack(">II", 0, 300)),
        coded(PNG + bytes(MOST_PNG_BYTES)),
    ],
)
def test_a_picture_that_is_none_or_too_large_is_no_success(picture: str) -> None:
    with pytest.raises(AnswerLost):
        read_qr_answer(200, answer(picture))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b'{"errorCode": "400.003.01", "errorMessage": "Invalid Access Token"}', TokenRefused),
        (400, b'{"errorCode": "400.002.03", "errorMessage": "Invalid Amount"}', Refused),
        (200, answer(None), AnswerLost),
        (200, answer(""), AnswerLost),
        (500, answer(coded(PNG)), AnswerLost),
        (200, b"<html></html>", AnswerLost),
    ],
)
def test_an_answer_without_a_picture_is_what_its_error_means(
    status: int, body: bytes, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        read_qr_answer(status, body)


PICTURES = st.binary(max_size=40).map(lambda tail: coded(HEAD + tail)) | VALUES


@settings(max_examples=60)
@given(st.integers(100, 599), BODIES | PICTURES.map(answer))
def test_any_answer_is_a_picture_or_typed(status: int, body: bytes) -> None:
    try:
        code = read_qr_answer(status, body)
    except (Refused, AnswerLost):
        return
    assert 200 <= status < 300
    assert code.png.startswith(HEAD)
