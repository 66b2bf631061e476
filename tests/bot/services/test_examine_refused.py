"""What the pushes of the last minutes came to goes into the doctor's verdict, whatever was held back beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.wiring import open_for, the_school, utc_now
from daraja.doctor import CauseClass
from storage import payments
from storage.held_back import LINE_DOWN
from storage.payment_state import PaymentStatus
from storage.payments import Payment
from storage.unit import Unit
from tests.bot.services.examining import Ward, ward
from tests.builders import a_guardian_with_children, a_payment


@pytest.fixture
async def well(tmp_path: Path) -> AsyncIterator[Ward]:
    """Everybody well."""
    async with ward(tmp_path) as stage:
        yield stage


def _nobody_hears(_unit: Unit, _payment: Payment, _event: str) -> None:
    """These rows are there to be counted."""


async def _was(well: Ward, *, cause: str, called_off: tuple[str, ...] = ()) -> None:
    """One push failed for that cause, and others were called off before anything was sent."""
    database = open_for(well.settings)
    school = await the_school(database, well.settings)

    def write(unit: Unit) -> None:
        now = utc_now()
        family = a_guardian_with_children(
            unit, school.id, name="Grace", phone="254700000101", address="101", children=("Amina",)
        )
        pushed = a_payment(unit, family, now=now)
        known: dict[str, Any] = {"now": now, "announce": _nobody_hears}
        assert payments.claim_push(unit, pushed.id, token="ab" * 16, lease_s=150, **known)
        assert payments.move(unit, pushed.id, PaymentStatus.FAILED, cause=cause, **known)
        for why in called_off:
            waiting = a_payment(unit, family, now=now)
            assert payments.withdraw(unit, waiting.id, source="line", cause=why, **known)

    await database.write(write)
    database.close()


@pytest.mark.parametrize("beside", [(), (LINE_DOWN, "withdrawn", "waited_too_long", "paid_already")])
async def test_what_was_called_off_does_not_hide_a_refusal(well: Ward, beside: tuple[str, ...]) -> None:
    await _was(well, cause="token_refused", called_off=beside)
    done = await well.examine()
    assert done.diagnosis.cause == CauseClass.MANGLED_HEADER


async def test_a_push_that_was_read_shows_that_the_token_is_good(well: Ward) -> None:
    await _was(well, cause="wrong_pin", called_off=(LINE_DOWN,))
    assert (await well.examine()).diagnosis.cause == CauseClass.WELL
