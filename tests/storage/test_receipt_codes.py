"""Receipt numbers as people type them, and payers as they may be shown."""

from __future__ import annotations

import pytest

from storage import receipts
from storage.payment_state import PaymentStatus
from storage.receipts import normalise_code

S = PaymentStatus


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("TK22ABCDE1", "TK22ABCDE1"),
        (" tk22 abcde1 ", "TK22ABCDE1"),
        ("TK22-ABCDE1.", "TK22ABCDE1"),
        (
            "TK22ABCDE1 Confirmed. Ksh1,500.00 sent to UHURU ACADEMY for account 1042 on 22/11/26 at 12:00",
            "TK22ABCDE1",
        ),
        ("tk22abcde1 Imethibitishwa. Ksh1,500.00 imetumwa kwa UHURU ACADEMY", "TK22ABCDE1"),
        ("my code: TK22ABCDE1!", "TK22ABCDE1"),
        ("0712345456", None),
        ("ABCDEFGHIJ", None),
        ("1K22ABCDE1", None),
        ("TK22ABCDE", None),
        ("TK22ABCDE12", None),
        ("", None),
        ("I have paid already", None),
    ],
)
def test_a_code_is_read_however_it_is_typed(typed: str, code: str | None) -> None:
    assert normalise_code(typed) == code


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
