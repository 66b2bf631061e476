"""Where each product is probed, and what it is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from daraja.client import PUSH_PATH, QUERY_PATH
from daraja.doctor.subject import Product

PROBED: Final[Mapping[Product, str]] = {
    Product.STK: PUSH_PATH,
    Product.QUERY: QUERY_PATH,
    Product.STATUS: "/mpesa/transactionstatus/v1/query",
    Product.C2B_V1: "/mpesa/c2b/v1/registerurl",
    Product.C2B_V2: "/mpesa/c2b/v2/registerurl",
    Product.REVERSAL: "/mpesa/reversal/v1/request",
    Product.PULL: "/pulltransactions/v1/query",
}
"""In the order in which they are asked."""

CALLED: Final[Mapping[Product, str]] = {
    Product.STK: "STK push (the prompt on the phone)",
    Product.QUERY: "STK query (what became of a prompt)",
    Product.STATUS: "Transaction Status",
    Product.C2B_V1: "C2B version 1 (reports of PayBill payments)",
    Product.C2B_V2: "C2B version 2 (reports of PayBill payments)",
    Product.REVERSAL: "Reversal",
    Product.PULL: "Pull Transactions",
}
