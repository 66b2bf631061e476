"""Money that comes in by itself: C2B, Pull and Dynamic QR, as one part of the simulator."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from daraja.simulator.books import Books, Movement
from daraja.simulator.c2b import C2B, Notice
from daraja.simulator.callbacks import CallbackSender
from daraja.simulator.config import SimulatorConfig
from daraja.simulator.endpoints import Handler
from daraja.simulator.levers import Endpoint
from daraja.simulator.money_in_checks import Simulated
from daraja.simulator.pull import Pull
from daraja.simulator.waiting import Watch

__all__ = ["MoneyIn", "Notice"]

_PHONE = re.compile(r"254[17][0-9]{8}")


class MoneyIn:
    """The handlers of these addresses, and what they share."""

    def __init__(
        self,
        config: SimulatorConfig,
        clock: Callable[[], datetime],
        rng: random.Random,
        books: Books,
        sender: CallbackSender,
        watch: Watch,
    ) -> None:
        self.c2b = C2B(config, clock, rng, books, sender, watch)
        self.pull = Pull(config, clock, rng, books)
        self.handlers: Mapping[Endpoint, Handler] = {
            Endpoint.C2B_V1_REGISTER: partial(self.c2b.register, "v1"),
            Endpoint.C2B_V2_REGISTER: partial(self.c2b.register, "v2"),
            Endpoint.C2B_V1_SIMULATE: self.c2b.simulate,
            Endpoint.C2B_V2_SIMULATE: self.c2b.simulate,
            Endpoint.PULL_REGISTER: self.pull.register,
            Endpoint.PULL_QUERY: self.pull.query,
            Endpoint.QR: self.pull.qr,
        }

    async def pay(self, phone: str, amount_kes: int, account: str, shortcode: str) -> Movement | None:
        """A payment by hand, reported to its end; None when it was turned down."""
        if not _PHONE.fullmatch(phone):
            raise ValueError("a phone is 254 and 9 digits, the first of them 7 or 1")
        return await self.c2b.pay(Simulated(shortcode, amount_kes, phone, account))

    async def clear(self) -> None:
        """Forget registrations and reports."""
        await self.c2b.clear()
        self.pull.registered.clear()
