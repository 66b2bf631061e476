"""The bodies of C2B, Pull and Dynamic QR, built from nothing but the documentation and what the field reports."""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from collections.abc import Sequence
from datetime import UTC

from daraja.simulator.books import Movement
from daraja.simulator.money_in_config import MsisdnForm, PullShape
from daraja.simulator.payloads import NAIROBI, as_json

NOTHING_TO_PULL = "No records found or Organization Name not available"
_MODULES = 25
_FINDER = 7


def registered_body(conversation_id: str, code: str | None) -> str:
    """The answer to a registration, in Safaricom's spelling of the id; `code` None leaves ResponseCode out."""
    body = {
        "OriginatorCoversationID": conversation_id,
        "ResponseCode": code,
        "ResponseDescription": "Success",
    }
    return as_json({name: value for name, value in body.items() if value is not None})


def simulated_body(conversation_id: str) -> str:
    """The answer to a simulated payment."""
    return as_json(
        {
            "OriginatorCoversationID": conversation_id,
            "ResponseCode": "0",
            "ResponseDescription": "Accept the service request successfully.",
        }
    )


def told_msisdn(msisdn: str, form: MsisdnForm) -> str:
    """A payer's number as a C2B report tells it."""
    if form is MsisdnForm.HASHED:
        return hashlib.sha256(msisdn.encode()).hexdigest()
    return f"{msisdn[:4]} ***** {msisdn[-3:]}" if form is MsisdnForm.MASKED else msisdn


def c2b_body(
    movement: Movement,
    *,
    transaction_type: str,
    form: MsisdnForm,
    names: bool,
    balance_kes: int | None,
    third_party_trans_id: str = "",
) -> str:
    """A validation (balance None) or a confirmation: every value is text."""
    return as_json(
        {
            "TransactionType": transaction_type,
            "TransID": movement.receipt,
            "TransTime": f"{movement.at.astimezone(NAIROBI):%Y%m%d%H%M%S}",
            "TransAmount": f"{movement.amount_kes}.00",
            "BusinessShortCode": movement.party_b,
            "BillRefNumber": movement.account_reference,
            "InvoiceNumber": "",
            "OrgAccountBalance": "" if balance_kes is None else f"{balance_kes}.00",
            "ThirdPartyTransID": third_party_trans_id,
            "MSISDN": told_msisdn(movement.msisdn, form),
            "FirstName": "PAYER" if names else "",
            "MiddleName": "",
            "LastName": "",
        }
    )


def pull_registered_body(ref_id: str, shortcode: str, *, already: bool) -> str:
    """The answer to a Pull registration."""
    words = "ShortCode already Registered" if already else "Shortcode Registered Successfully"
    status = "1001" if already else "1000"
    return as_json(
        {
            "ResponseRefID": ref_id,
            "ResponseStatus": status,
            "ShortCode": shortcode,
            "ResponseDescription": words,
        }
    )


def pull_nothing_body(ref_id: str, code: str) -> str:
    """A query's answer without rows: nothing was paid, or the shortcode is not set up."""
    if code == "1001":
        return as_json({"ResponseRefID": ref_id, "ResponseCode": code, "ResponseMessage": NOTHING_TO_PULL})
    return as_json(
        {"ResponseRefID": ref_id, "ResponseCode": code, "ResponseMessage": "Success", "Response": []}
    )


def pull_page_body(
    ref_id: str, rows: Sequence[Movement], organization: str, *, pages: int, shape: PullShape, zulu: bool
) -> str:
    """A query's answer with rows."""
    page = [_row(row, organization, zulu=zulu) for row in rows]
    return as_json(
        {
            "ResponseRefID": ref_id,
            "ResponseCode": "1000",
            "ResponseMessage": "Success",
            "TotalPages": pages,
            "Response": [page] if shape is PullShape.NESTED else page,
        }
    )


def _row(movement: Movement, organization: str, *, zulu: bool) -> dict[str, object]:
    there = movement.at.astimezone(NAIROBI)
    date = f"{movement.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if zulu else f"{there:%Y-%m-%d %H:%M:%S}"
    return {
        "transactionId": movement.receipt,
        "trxDate": date,
        "msisdn": int(movement.msisdn),
        "sender": "MPESA",
        "transactiontype": "c2b-pay-bill-debit",
        "billreference": movement.account_reference,
        "amount": f"{movement.amount_kes}.00",
        "organizationname": organization,
    }


def qr_body(request_id: str, text: str, size_px: int) -> str:
    """The answer to a QR request."""
    return as_json(
        {
            "ResponseCode": f"AG_{request_id.replace('-', '')[:28]}",
            "RequestID": request_id,
            "ResponseDescription": "QR Code Successfully Generated.",
            "QRCode": base64.b64encode(picture(text, size_px)).decode(),
        }
    )


def picture(text: str, size_px: int) -> bytes:
    """A PNG that looks like the QR code of a text: the real size and corners, but no reader takes it for one."""
    dark = hashlib.shake_256(text.encode()).digest(_MODULES * _MODULES)
    places = [at * _MODULES // size_px for at in range(size_px)]
    lines = {y: b"\0" + bytes(0 if _is_dark(x, y, dark) else 255 for x in places) for y in range(_MODULES)}
    head = struct.pack(">IIBBBBB", size_px, size_px, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(lines[y] for y in places), 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _is_dark(x: int, y: int, dark: bytes) -> bool:
    for left, top in ((0, 0), (_MODULES - _FINDER, 0), (0, _MODULES - _FINDER)):
        if left <= x < left + _FINDER and top <= y < top + _FINDER:
            ring = max(abs(x - left - _FINDER // 2), abs(y - top - _FINDER // 2))
            return ring != _FINDER // 2 - 1
    return dark[y * _MODULES + x] % 2 == 0


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
