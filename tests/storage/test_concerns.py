"""Why a payment waits for a person: every reason stays until that one is dealt with."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage import payments
from storage.database import Database, Unit
from storage.payment_state import PaymentStatus
from tests.builders import NOON, a_guardian_with_children, a_payment_in, a_school

S = PaymentStatus
LATER = NOON + timedelta(minutes=5)


def a_payment_id(unit: Unit) -> int:
    """A payment that M-PESA was asked for."""
    return a_payment_in(unit, a_guardian_with_children(unit, a_school(unit)), S.REQUESTED).id


async def test_reasons_do_not_overwrite_each_other(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment_id = a_payment_id(unit)
        assert payments.concerns_of(unit, payment_id) == {}
        assert payments.flag(unit, payment_id, "unknown_code", NOON)
        assert payments.flag(unit, payment_id, "amount_differs", LATER)
        assert payments.concerns_of(unit, payment_id) == {"unknown_code": NOON, "amount_differs": LATER}
        payments.unflag(unit, payment_id, "unknown_code", LATER)
        assert payments.concerns_of(unit, payment_id) == {"amount_differs": LATER}

    await database.write(look)


async def test_a_reason_is_raised_once_and_keeps_its_time(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment_id = a_payment_id(unit)
        raised = [payments.flag(unit, payment_id, "expired", at) for at in (NOON, LATER)]
        assert raised == [True, False]
        assert payments.concerns_of(unit, payment_id) == {"expired": NOON}

    await database.write(look)


async def test_what_was_dealt_with_can_come_up_again(database: Database) -> None:
    def look(unit: Unit) -> None:
        payment_id = a_payment_id(unit)
        payments.flag(unit, payment_id, "expired", NOON)
        for _ in range(2):
            payments.unflag(unit, payment_id, "expired", NOON)
        assert payments.flag(unit, payment_id, "expired", LATER)
        assert payments.concerns_of(unit, payment_id) == {"expired": LATER}

    await database.write(look)


async def test_a_payment_that_there_is_not_concerns_nobody(database: Database) -> None:
    with pytest.raises(LookupError, match="no payment 404"):
        await database.write(lambda unit: payments.flag(unit, 404, "expired", NOON))
    await database.write(lambda unit: payments.unflag(unit, 404, "expired", NOON))
