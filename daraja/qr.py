"""Dynamic QR: a picture to be scanned with M-PESA's app. That it was paid shows only as a C2B confirmation."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from daraja import fields
from daraja.answers import refusal_of, unreadable
from daraja.entry import Channel
from daraja.errors import AnswerLost, BadRequest
from daraja.wire import as_identifier, as_words, read_object

QR_PATH: Final = "/mpesa/qrcode/v1/generate"
LEAST_PX: Final = 100
MOST_PX: Final = 500
MOST_PNG_BYTES: Final = 256 * 1024

_PNG: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_WIDEST_PX: Final = 2000
_SIDE_BYTES: Final = 4
_NAME: Final = re.compile(r"[A-Za-z0-9 .,&'()/_-]{1,40}")
_REFERENCE: Final = re.compile(r"[A-Za-z0-9 ./_-]{1,20}")
_DATA_URL: Final = "data:image/png;base64,"


class TrxCode(StrEnum):
    """What scanning the picture does."""

    PAY_BILL = "PB"
    BUY_GOODS = "BG"
    WITHDRAW = "WA"
    SEND_MONEY = "SM"
    TO_BUSINESS = "SB"


_TO_A_PHONE: Final = frozenset({TrxCode.SEND_MONEY, TrxCode.TO_BUSINESS})


@dataclass(frozen=True, slots=True, kw_only=True)
class QrRequest:
    """A picture to be made; raises BadRequest on what M-PESA would refuse.

    amount_kes: whole shillings; size_px: the side of the square, 100 to 500; reference: with PAY_BILL the account
    number; credit_party: the shortcode or till, for SEND_MONEY and TO_BUSINESS a number as 254 and 9 digits.
    """

    merchant_name: str
    reference: str
    amount_kes: int
    credit_party: str = field(repr=False)
    trx_code: TrxCode = TrxCode.PAY_BILL
    size_px: int = 300

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.merchant_name):
            raise BadRequest("MerchantName", "plain letters, digits and blanks, 1 to 40")
        if not _REFERENCE.fullmatch(self.reference):
            raise BadRequest("RefNo", "plain letters, digits and blanks, 1 to 20")
        fields.check_amount(self.amount_kes)
        if self.trx_code not in tuple(TrxCode):
            raise BadRequest("TrxCode", "one of " + ", ".join(TrxCode))
        if self.trx_code in _TO_A_PHONE:
            fields.check_msisdn("CPI", self.credit_party)
        else:
            fields.check_shortcode("CPI", self.credit_party)
        whole = isinstance(self.size_px, int) and not isinstance(self.size_px, bool)
        if not (whole and LEAST_PX <= self.size_px <= MOST_PX):
            raise BadRequest("Size", f"{LEAST_PX} to {MOST_PX} pixels")

    def body(self) -> dict[str, str | int]:
        """The JSON that Daraja expects."""
        return {
            "MerchantName": self.merchant_name,
            "RefNo": self.reference,
            "Amount": self.amount_kes,
            "TrxCode": TrxCode(self.trx_code).value,
            "CPI": self.credit_party,
            "Size": str(self.size_px),
        }


@dataclass(frozen=True, slots=True)
class QrCode:
    """The picture: a PNG of at most 256 KiB and 2000 pixels a side."""

    png: bytes = field(repr=False)
    request_id: str
    response_description: str


def read_qr_answer(status: int, body: bytes) -> QrCode:
    """The answer to a QR request. Raises Refused, TokenRefused, or AnswerLost when the picture is none.

    Its ResponseCode is an id and says nothing: the picture is the success.
    """
    answer = read_object(body)
    if answer is None:
        raise unreadable(status, body)
    picture = answer.get("QRCode")
    if not 200 <= status < 300 or not isinstance(picture, str) or not picture:
        raise refusal_of(Channel.QR, status, body, answer)
    return QrCode(
        png=_png(picture, status),
        request_id=as_identifier(answer.get("RequestID")) or as_identifier(answer.get("requestId")),
        response_description=as_words(answer.get("ResponseDescription")),
    )


def _png(picture: str, status: int) -> bytes:
    text = "".join(picture.removeprefix(_DATA_URL).split())
    if len(text) > MOST_PNG_BYTES * 4 // 3 + 4:
        raise AnswerLost("a picture of more than 256 KiB", http_status=status)
    try:
        png = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise AnswerLost("a picture that is not Base64", http_status=status) from None
    sides = [
        int.from_bytes(png[start : start + _SIDE_BYTES]) for start in (len(_PNG), len(_PNG) + _SIDE_BYTES)
    ]
    if not png.startswith(_PNG) or not all(0 < side <= _WIDEST_PX for side in sides):
        raise AnswerLost("a picture that is no PNG, or too large", http_status=status)
    return png
