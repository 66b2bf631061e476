"""The five-minute block of a phone: when it is over, the phone is free and an unresolved parent hears what to do."""

from __future__ import annotations

from functools import partial

import structlog

from bot.services.announce import Announcer
from bot.services.school import Clock
from storage import payments
from storage.database import Database
from storage.unit import Unit

log = structlog.get_logger(__name__)


async def release_lapsed(database: Database, announce: Announcer, clock: Clock) -> None:
    """Free every phone whose block is over; one row in trouble does not keep the others."""
    now = clock()

    def free(payment_id: int, unit: Unit) -> None:
        freed = payments.release_phone(unit, payment_id, now)
        if freed is not None and payments.remark(
            unit, school_id=freed.school_id, payment_id=payment_id, event="still_unknown", now=now
        ):
            announce(unit, freed, "still_unknown")

    for payment_id in await database.read(lambda unit: payments.blocks_over(unit, now)):
        try:
            await database.write(partial(free, payment_id))
        except Exception:
            log.exception("hold.not_released", payment=payment_id)
