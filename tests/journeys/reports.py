"""What M-PESA's wire carries, and what our books hold, for journeys that play M-PESA themselves."""

from __future__ import annotations

from typing import Any

import httpx
from sqlalchemy import text

from daraja.simulator import Scenario
from storage.unit import Unit
from tests.journeys.town import Town


def report(
    checkout: str, code: int | str = 0, receipt: str = "UKB7RT61SV", amount: float = 1500.0
) -> dict[str, Any]:
    """A callback's body, as the wire carries it."""
    told: dict[str, Any] = {
        "MerchantRequestID": "29115-34620561-1",
        "CheckoutRequestID": checkout,
        "ResultCode": code,
        "ResultDesc": "as the wire says",
    }
    if code == 0:
        told["CallbackMetadata"] = {
            "Item": [
                {"Name": "Amount", "Value": amount},
                {"Name": "MpesaReceiptNumber", "Value": receipt},
                {"Name": "Balance"},
                {"Name": "TransactionDate", "Value": 20261102090010},
                {"Name": "PhoneNumber", "Value": 254700000101},
            ]
        }
    return {"Body": {"stkCallback": told}}


async def prompted(place: Town, amount: str = "1500") -> tuple[Any, str, str]:
    """A parent whose prompt waits for a person: (parent, path of the callback, CheckoutRequestID)."""
    place.mpesa.set_next(Scenario.MANUAL)
    parent = await place.parent()
    await place.pay(parent, amount)
    await parent.wait_for("Type your PIN only")
    path = httpx.URL(place.mpesa.pushes[-1].callback_url).path
    return parent, path, place.mpesa.prompts[-1].checkout_request_id


async def count(place: Town, table: str, where: str = "1 = 1") -> int:
    """Rows of a table, seen from outside."""

    def look(unit: Unit) -> int:
        return int(unit.core.execute(text(f"SELECT count(*) FROM {table} WHERE {where}")).scalar_one())  # noqa: S608

    return await place.database.read(look)
