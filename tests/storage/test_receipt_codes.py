"""Payers as they may be shown, and receipts found by their number."""

from __future__ import annotations

import pytest

from storage import receipts
from storage.payment_state import PaymentStatus

S = PaymentStatus


@pytest.mark.parametrize(
    ("payer", "shown"),
    [
        ("254712345456", "07••• 456"),
        ("0112345456", "01••• 456"),
        ("+254 712 345 456", "07••• 456"),
        ("2547*****456", "07••• 456"),
        ("712345456", "••• 456"),
        ("a1b2c3hash", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_of_a_payer_only_a_mask_is_kept(payer: str | None, shown: str) -> None:
    assert receipts.masked(payer) == shown
