"""The simulator: Daraja's three calls over M-PESA, with every lever and record a test may want."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import httpx

from daraja.simulator.books import Books, Movement
from daraja.simulator.callbacks import CallbackSender, Delivery
from daraja.simulator.causes import PLAYS, WELL, Cause
from daraja.simulator.config import SimulatorConfig
from daraja.simulator.endpoints import Daraja, SeenPush
from daraja.simulator.levers import Endpoint, Levers
from daraja.simulator.money_in import MoneyIn, Notice
from daraja.simulator.mpesa import Mpesa
from daraja.simulator.operation_scripts import ResultScript
from daraja.simulator.operations import Operations, ResultDelivery
from daraja.simulator.operator import certificate_pem
from daraja.simulator.prompts import Prompt
from daraja.simulator.waiting import Watch


class Simulator(Levers):
    """A Daraja of its own. Close it with `aclose` or `async with` when no server's lifespan does."""

    def __init__(
        self,
        config: SimulatorConfig | None = None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self.config = config or SimulatorConfig()
        rng = random.Random(self.config.seed)
        self._watch = Watch()
        self._sender = CallbackSender(
            http, clock, timeout_s=self.config.callback_timeout_s, masked_phone=self.config.masked_phone
        )
        self._mpesa = Mpesa(self.config, clock, rng, self._sender, self._watch)
        super().__init__(self._mpesa)
        self.daraja = Daraja(self.config, clock, rng, self._mpesa, self, self._watch)
        self.operations = Operations(
            self.config, clock, rng, self.books, self._mpesa.prompts, self._sender, self._watch
        )
        self.ahead_s = 0.0  # how far the Date header runs before the clock
        self.daraja.handlers[Endpoint.STATUS] = self.operations.status
        self.daraja.handlers[Endpoint.REVERSAL] = self.operations.reversal
        self.money_in = MoneyIn(self.config, clock, rng, self.books, self._sender, self._watch)
        self.daraja.handlers.update(self.money_in.handlers)
        self._mpesa.on_paid = self.money_in.c2b.confirm

    @property
    def books(self) -> Books:
        """What money truly moved."""
        return self._mpesa.books

    @property
    def pushes(self) -> list[SeenPush]:
        """Every POST that reached the push address, refused ones too."""
        return self.daraja.pushes

    @property
    def counts(self) -> Counter[Endpoint]:
        """How many requests reached each endpoint."""
        return self.daraja.counts

    @property
    def prompts(self) -> list[Prompt]:
        """Every accepted push, oldest first."""
        return self._mpesa.prompts.all()

    @property
    def callbacks(self) -> list[Delivery]:
        """Every callback posted so far, as soon as its answer (or failure) is known."""
        return self._sender.deliveries

    @property
    def certificate_pem(self) -> str:
        """The certificate for an operator's SecurityCredential, as PEM text."""
        return certificate_pem()

    @property
    def results(self) -> list[ResultDelivery]:
        """Every result and time-out posted so far, as soon as its answer (or failure) is known."""
        return self.operations.deliveries

    def set_next_result(self, what: ResultScript | str, *, times: int | None = 1) -> None:
        """Choose what the next acknowledged status or reversal request does: a script, or its name."""
        self.operations.set_next(what, times=times)

    async def wait_for_results(self, count: int) -> None:
        """Return once so many results and time-outs were posted since the start or the last reset."""
        await self._watch.until(lambda: len(self.results) >= count)

    @property
    def notices(self) -> list[Notice]:
        """Every C2B validation and confirmation posted so far, as soon as its answer (or failure) is known."""
        return self.money_in.c2b.notices

    async def pay_by_hand(
        self, phone: str, amount_kes: int, account: str = "", *, shortcode: str | None = None
    ) -> Movement | None:
        """A payer sends money to the shortcode (or till) without any push. Returns when all is reported.

        None when the validation turned it down. ValueError for a phone that is none.
        """
        return await self.money_in.pay(phone, amount_kes, account, shortcode or self.config.shortcode)

    async def wait_for_notices(self, count: int) -> None:
        """Return once so many validations and confirmations were posted since the start or the last reset."""
        await self._watch.until(lambda: len(self.notices) >= count)

    async def wait_for_callbacks(self, count: int) -> None:
        """Return once so many callbacks were posted since the start or the last reset."""
        await self._watch.until(lambda: len(self.callbacks) >= count)

    async def wait_for_pushes(self, count: int) -> None:
        """Return once so many POSTs reached the push address since the start or the last reset."""
        await self._watch.until(lambda: len(self.pushes) >= count)

    async def wait_for_movements(self, count: int) -> None:
        """Return once money moved so many times since the start or the last reset."""
        await self._watch.until(lambda: len(self.books.movements) >= count)

    async def wait_for_prompt(self, phone: str) -> Prompt:
        """Return the oldest prompt a phone shows, as soon as it shows one."""
        await self._watch.until(lambda: bool(self._mpesa.prompts.ringing(phone)))
        return self._mpesa.prompts.ringing(phone)[0]

    async def settle_all(self) -> None:
        """Let all time pass at once; a manual prompt nobody answered expires."""
        await self._mpesa.settle_all()
        await self.operations.settle_all()
        await self.money_in.c2b.settle()

    def forget_tokens(self) -> None:
        """Every token minted so far is refused from now on (404.001.03)."""
        self.daraja.tokens.forget()

    def rotate_credentials(
        self,
        *,
        consumer_key: str | None = None,
        consumer_secret: str | None = None,
        passkey: str | None = None,
    ) -> None:
        """The portal gives out new ones: from now on the old ones are refused, and tokens of the old pair too.

        What is None stays. Prompts that are out go on. Raises ValueError when none is given, or an empty one.
        """
        given = [value for value in (consumer_key, consumer_secret, passkey) if value is not None]
        if not given or not all(given):
            raise ValueError("say what is new: consumer_key, consumer_secret, passkey")
        now = self.config
        self.config = replace(
            now,
            consumer_key=consumer_key or now.consumer_key,
            consumer_secret=consumer_secret or now.consumer_secret,
            passkey=passkey or now.passkey,
        )
        self.daraja.adopt(self.config)

    def play(self, cause: Cause | str | None) -> None:
        """From now on calls fail as they do for this cause; None: no more. Replies ordered before are forgotten."""
        play = WELL if cause is None else PLAYS[Cause(cause)]
        self.clear_replies()
        for endpoint, reply in play.replies.items():
            self.fail_next(endpoint, reply, times=None, delay_s=play.delay_s)
        now = self.config
        self.daraja.adopt(
            replace(
                now,
                passkey=play.passkey or now.passkey,
                shortcode=play.shortcode or now.shortcode,
                mint_invalidates=play.invalidates or now.mint_invalidates,
            )
        )
        gate = self.daraja.gate
        gate.products, gate.foreign, gate.spoils = now.products - play.lacks, play.foreign, play.spoils
        self.daraja.tokens.rivals = play.rivals
        self.ahead_s = play.ahead_s
        if play.forgets:
            self.forget_tokens()

    async def reset(self) -> None:
        """Back to an empty simulator that plays no cause; tokens stay good, and credentials what they are."""
        self.play(None)
        await self._mpesa.stop()
        await self.operations.stop()
        self.operations.clear()
        await self.money_in.clear()
        self._mpesa.prompts.clear()
        self.books.clear()
        self.callbacks.clear()
        self.pushes.clear()
        self.counts.clear()
        self.clear_orders()

    async def aclose(self) -> None:
        """Break off everything that is going on and close the callback client."""
        self.daraja.closing.set()
        await self._mpesa.stop()
        await self.operations.stop()
        await self.money_in.c2b.stop()
        await self._sender.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
