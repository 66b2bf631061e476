"""The client: phones parsed, fields checked, a callback address of its own for each push, the answer typed."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from daraja import Credentials, DarajaClient
from tests.benchmarks.subjects import Push


@asynccontextmanager
async def subject(url: str) -> AsyncIterator[Push]:
    """As schools use it."""
    credentials = Credentials("invented-key", "invented-secret", "174379", "invented-passkey")
    numbers = itertools.count()
    async with DarajaClient(credentials, base_url=url) as client:

        async def push() -> object:
            return await client.stk_push(
                amount_kes=1500,
                party_a="0712 345 678",
                phone_number="0712 345 678",
                callback_url=f"https://karo.invalid/daraja/stk/{next(numbers):032x}",
                account_reference="ADM104224",
                transaction_desc="School fees",
            )

        yield push
