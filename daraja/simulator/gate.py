"""The gateway in front of every address but OAuth: header, token, product, and only then the body.

gate.check(Product.STATUS, request.headers.get("authorization"))    # raises Refused, in that product's words
"""

from __future__ import annotations

from enum import StrEnum

from daraja.simulator.checks import bearer
from daraja.simulator.products import NO_PRODUCT, Product, token_refusal
from daraja.simulator.replies import INVALID_TOKEN, Refused
from daraja.simulator.tokens import Tokens

_EMPTY_BODIES = (b"", b"{}")


class Spoils(StrEnum):
    """Whose Authorization header something on the way spoils."""

    NOTHING = "nothing"
    FULL_CALLS = "full_calls"  #: calls with a body; those with an empty one arrive whole
    EVERYTHING = "everything"


class Gate:
    """Lets a call through, or raises `Refused`.

    products: those the app holds. foreign: the tokens minted here are another environment's.
    """

    def __init__(self, tokens: Tokens, products: frozenset[Product]) -> None:
        self.products = products
        self.foreign = False
        self.spoils = Spoils.NOTHING
        self._tokens = tokens

    def check(self, product: Product, authorization: str | None, raw: bytes = b"") -> None:
        """Header, token, product, in this order. raw: the body as sent."""
        try:
            self._tokens.check(bearer(self._as_it_arrives(authorization, raw)))
        except Refused as refused:
            if refused.fault is not INVALID_TOKEN:
                raise
            raise Refused(token_refusal(product)) from None
        if self.foreign:
            raise Refused(token_refusal(product))
        if product not in self.products:
            raise Refused(token_refusal(product, NO_PRODUCT))

    def _as_it_arrives(self, authorization: str | None, raw: bytes) -> str | None:
        whole = self.spoils is Spoils.NOTHING or (
            self.spoils is Spoils.FULL_CALLS and raw.strip() in _EMPTY_BODIES
        )
        return authorization if whole or authorization is None else authorization[:-1]
