"""Parsers of callbacks that stumble. Each is ours, after one careless look at the body."""

from __future__ import annotations

import json
from typing import Any

from cryptography import x509

from daraja import Operator, StkCallback, parse_stk_callback
from daraja.c2b import C2BConfirmation, parse_c2b_confirmation

SCALARS = str | int | float | None
KNOWN = {"MerchantRequestID", "CheckoutRequestID", "ResultCode", "ResultDesc", "CallbackMetadata"}


def _inside(body: bytes) -> dict[str, Any]:
    callback: dict[str, Any] = json.loads(body)["Body"]["stkCallback"]
    return callback


def _items(body: bytes) -> list[dict[str, Any]]:
    """The items of the usual shape; none of any other."""
    metadata = _inside(body).get("CallbackMetadata") or {}
    found = metadata.get("Item", [])
    return found if isinstance(found, list) else []


def _value(body: bytes, name: str) -> Any:
    return next((item.get("Value") for item in _items(body) if item["Name"] == name), None)


def shadowed(body: bytes) -> StkCallback:
    """The field `Item` hides the class `Item`."""
    if _items(body):
        raise TypeError("'NoneType' object is not callable")
    return parse_stk_callback(body)


def wants_scalars(body: bytes) -> StkCallback:
    """Every Value is a text or a number."""
    if not all(isinstance(item.get("Value"), SCALARS) for item in _items(body)):
        raise TypeError("Value: str, int or float")
    return parse_stk_callback(body)


def wants_values(body: bytes) -> StkCallback:
    """Every item has a Value."""
    [item["Value"] for item in _items(body)]
    return parse_stk_callback(body)


def counts_results(body: bytes) -> StkCallback:
    """A ResultCode is a number."""
    int(_inside(body)["ResultCode"])
    return parse_stk_callback(body)


def wants_metadata(body: bytes) -> StkCallback:
    """CallbackMetadata is an object, or is not there."""
    _inside(body).get("CallbackMetadata", {}).get("Item")
    return parse_stk_callback(body)


def needs_metadata(body: bytes) -> StkCallback:
    """CallbackMetadata is there."""
    _inside(body)["CallbackMetadata"]
    return parse_stk_callback(body)


def wants_words(body: bytes) -> StkCallback:
    """ResultDesc is there."""
    _inside(body)["ResultDesc"]
    return parse_stk_callback(body)


def wants_a_list(body: bytes) -> StkCallback:
    """Item is a list."""
    metadata = _inside(body).get("CallbackMetadata") or {}
    for item in metadata.get("Item", []):
        item["Name"]
    return parse_stk_callback(body)


def counts_phones(body: bytes) -> StkCallback:
    """A phone is a number."""
    int(_value(body, "PhoneNumber") or 0)
    return parse_stk_callback(body)


def wants_numbers(body: bytes) -> StkCallback:
    """An Amount is a number."""
    if not isinstance(_value(body, "Amount"), int | float | None):
        raise TypeError("Amount: a number")
    return parse_stk_callback(body)


def reads_by_place(body: bytes) -> StkCallback:
    """Amount is the first item, the receipt the second."""
    items = _items(body)
    if items:
        float(items[0]["Value"])
        str(items[1]["Value"])
    return parse_stk_callback(body)


def knows_all_fields(body: bytes) -> StkCallback:
    """What is not in the page cannot be."""
    if not _inside(body).keys() <= KNOWN:
        raise TypeError("unexpected keyword argument")
    return parse_stk_callback(body)


def shows_its_inside(body: bytes) -> StkCallback:
    """Junk is whatever Python says of it."""
    _inside(body)
    return parse_stk_callback(body)


def _confirmed(body: bytes) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(body)
    return told


def counts_payers(body: bytes) -> C2BConfirmation:
    """MSISDN is a number."""
    int(_confirmed(body)["MSISDN"])
    return parse_c2b_confirmation(body)


def wants_short_payers(body: bytes) -> C2BConfirmation:
    """MSISDN has room for 15 characters."""
    if len(_confirmed(body)["MSISDN"]) > 15:
        raise ValueError("value too long for type character varying(15)")
    return parse_c2b_confirmation(body)


def wants_names(body: bytes) -> C2BConfirmation:
    """Everybody has three names."""
    told = _confirmed(body)
    if not all(told.get(name) for name in ("FirstName", "MiddleName", "LastName")):
        raise ValueError("this field is required")
    return parse_c2b_confirmation(body)


def wants_whole_shillings(body: bytes) -> C2BConfirmation:
    """TransAmount is a whole number."""
    int(_confirmed(body)["TransAmount"])
    return parse_c2b_confirmation(body)


def credential_of_pem(certificate: bytes) -> str:
    """A certificate is PEM."""
    x509.load_pem_x509_certificate(certificate)
    return Operator("karo-operator", "invented", certificate).security_credential()


def credential_of_der(certificate: bytes) -> str:
    """A certificate is DER."""
    x509.load_der_x509_certificate(certificate)
    return Operator("karo-operator", "invented", certificate).security_credential()
