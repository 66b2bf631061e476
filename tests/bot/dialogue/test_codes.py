"""M-PESA codes in what people type or paste."""

from __future__ import annotations

import pytest

from bot.dialogue.codes import find_code

SMS = (
    "UKM7A1B2C3 Confirmed. Ksh1,500.00 sent to MWANGAZA ACADEMY for account 1042 on 22/11/26 at 12:05 PM "
    "New M-PESA balance is Ksh210.00. Transaction cost, Ksh0.00."
)
SMS_IN_KISWAHILI = "UKMABCDEFG Imethibitishwa. Ksh1,500.00 zimetumwa kwa MWANGAZA ACADEMY"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("UKM7A1B2C3", "UKM7A1B2C3"),
        ("ukm7a1b2c3", "UKM7A1B2C3"),
        (" UKM7 A1B 2C3 ", "UKM7A1B2C3"),
        ("UKM7-A1B2C3.", "UKM7A1B2C3"),
        ("my code is UKM7A1B2C3 thanks", "UKM7A1B2C3"),
        (SMS, "UKM7A1B2C3"),
        (SMS_IN_KISWAHILI, "UKMABCDEFG"),
        ("Congratulations! ukm7a1b2c3 confirmed.", "UKM7A1B2C3"),
    ],
)
def test_a_code_is_found_however_it_is_sent(typed: str, code: str) -> None:
    assert find_code(typed) == code


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "1500",
        "0712345678",
        "254712345678",
        "KES 1500000",
        "KES1500000",
        "lipa150000",
        "pay1500kes",
        "university",
        "UKM7A1B2C",
        "UKM7A1B2C34",
        "Amina Wanjiku",
        "lipa 1500 tafadhali sasa",
    ],
)
def test_what_is_no_code_is_not_taken_for_one(typed: str) -> None:
    assert find_code(typed) is None
