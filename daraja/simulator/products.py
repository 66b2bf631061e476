"""The API products an app may hold, and how each words "Invalid Access Token"."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from daraja.simulator.replies import INVALID_TOKEN, Fault


class Product(StrEnum):
    """What an app is allowed to call, one by one."""

    STK = "stk"
    QUERY = "query"
    STATUS = "status"
    REVERSAL = "reversal"
    C2B_V1 = "c2b_v1"
    C2B_V2 = "c2b_v2"
    PULL = "pull"
    QR = "qr"


ALL_PRODUCTS = frozenset(Product)
NO_PRODUCT = "Invalid API call as no apiproduct match found"

_PRINTS_REASON: Mapping[Product, tuple[int, str]] = {
    Product.STATUS: (400, "400.003.01"),
    Product.C2B_V1: (401, "401.003.01"),
    Product.C2B_V2: (401, "401.003.01"),
    Product.PULL: (401, "401.001"),
}
"""HTTP status and code of those that print why. STK push, Reversal and what is not listed hide it."""


def token_refusal(product: Product, reason: str = "") -> Fault:
    """The refusal of a token on one product's address. reason: NO_PRODUCT, or empty for a bad token."""
    if product not in _PRINTS_REASON:
        return INVALID_TOKEN
    status, code = _PRINTS_REASON[product]
    return Fault(status, code, f"Error Occurred - Invalid Access Token - {reason}")
