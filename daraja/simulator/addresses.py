"""Daraja's addresses behind the gate: path, product, and the first field that each checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from daraja.simulator.levers import Endpoint
from daraja.simulator.products import Product

PUSH_PATH = "/mpesa/stkpush/v1/processrequest"
QUERY_PATH = "/mpesa/stkpushquery/v1/query"


@dataclass(frozen=True, slots=True)
class Address:
    """One path that is POSTed to. first_field: what an empty body is refused for."""

    path: str
    product: Product
    first_field: str


ADDRESSES: Mapping[Endpoint, Address] = {
    Endpoint.PUSH: Address(PUSH_PATH, Product.STK, "BusinessShortCode"),
    Endpoint.QUERY: Address(QUERY_PATH, Product.QUERY, "BusinessShortCode"),
    Endpoint.STATUS: Address("/mpesa/transactionstatus/v1/query", Product.STATUS, "Initiator"),
    Endpoint.REVERSAL: Address("/mpesa/reversal/v1/request", Product.REVERSAL, "Initiator"),
    Endpoint.C2B_V1_REGISTER: Address("/mpesa/c2b/v1/registerurl", Product.C2B_V1, "ShortCode"),
    Endpoint.C2B_V2_REGISTER: Address("/mpesa/c2b/v2/registerurl", Product.C2B_V2, "ShortCode"),
    Endpoint.C2B_V1_SIMULATE: Address("/mpesa/c2b/v1/simulate", Product.C2B_V1, "ShortCode"),
    Endpoint.C2B_V2_SIMULATE: Address("/mpesa/c2b/v2/simulate", Product.C2B_V2, "ShortCode"),
    Endpoint.PULL_REGISTER: Address("/pulltransactions/v1/register", Product.PULL, "ShortCode"),
    Endpoint.PULL_QUERY: Address("/pulltransactions/v1/query", Product.PULL, "ShortCode"),
    Endpoint.QR: Address("/mpesa/qrcode/v1/generate", Product.QR, "MerchantName"),
}
