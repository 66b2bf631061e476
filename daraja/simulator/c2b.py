"""C2B in the simulator: the registered URLs, payments by hand, and the reports that M-PESA posts of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from daraja.simulator.books import Books, Movement
from daraja.simulator.callbacks import CallbackSender
from daraja.simulator.checks import BUY_GOODS, PAYBILL
from daraja.simulator.config import SimulatorConfig
from daraja.simulator.money_in_checks import C2BUrls, Simulated, read_registration, read_simulation
from daraja.simulator.money_in_config import Again, MsisdnForm
from daraja.simulator.money_in_payloads import c2b_body, registered_body, simulated_body
from daraja.simulator.payloads import merchant_request_id
from daraja.simulator.replies import DUPLICATE_NOTIFICATION, URLS_REGISTERED, Refused, Reply
from daraja.simulator.waiting import Watch

_AGAIN = {Again.REFUSED: URLS_REGISTERED, Again.DUPLICATE: DUPLICATE_NOTIFICATION}
_WORDS = {PAYBILL: "Pay Bill", BUY_GOODS: "Buy Goods"}


@dataclass(frozen=True, slots=True)
class Notice:
    """One validation or confirmation that was posted. `status` is None and `error` the failure without an answer."""

    at: datetime
    what: str
    receipt: str
    status: int | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Verdict:
    taken: bool
    third_party_trans_id: str = field(default="")


class C2B:
    """Keeps the URLs by shortcode, takes payments in, and reports them."""

    def __init__(
        self,
        config: SimulatorConfig,
        clock: Callable[[], datetime],
        rng: random.Random,
        books: Books,
        sender: CallbackSender,
        watch: Watch,
    ) -> None:
        self.urls: dict[str, C2BUrls] = {}
        self.notices: list[Notice] = []
        self._config = config
        self._clock = clock
        self._rng = rng
        self._books = books
        self._sender = sender
        self._watch = watch
        self._tasks: set[asyncio.Task[Movement | None]] = set()
        self._hurry = asyncio.Event()

    async def register(self, version: str, content_type: str, raw: bytes) -> Reply:
        """POST /mpesa/c2b/<version>/registerurl."""
        urls = read_registration(content_type, raw, version, self._config)
        money_in = self._config.money_in
        if urls.shortcode in self.urls and money_in.again in _AGAIN:
            raise Refused(_AGAIN[money_in.again])
        self.urls[urls.shortcode] = urls
        return Reply(200, registered_body(merchant_request_id(self._rng), money_in.register_code))

    async def simulate(self, content_type: str, raw: bytes) -> Reply:
        """POST /mpesa/c2b/<version>/simulate: answered at once, paid and reported a little later."""
        task = asyncio.create_task(self._play(read_simulation(content_type, raw, self._config)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return Reply(200, simulated_body(merchant_request_id(self._rng)))

    async def pay(self, paid: Simulated) -> Movement | None:
        """A payer pays by hand. None when the school's validation turned it down. Returns when all is reported."""
        now = self._clock()
        movement = Movement(
            receipt=self._books.new_receipt(now),
            amount_kes=paid.amount_kes,
            msisdn=paid.msisdn,
            account_reference=paid.account_reference,
            party_b=paid.shortcode,
            checkout_request_id="",
            at=now,
        )
        verdict = await self._validated(movement)
        if not verdict.taken:
            return None
        self._books.add(movement)
        self._watch.changed()
        await self.confirm(movement, verdict.third_party_trans_id)
        return movement

    async def confirm(self, movement: Movement, third_party_trans_id: str = "") -> None:
        """Report money that has come in, however it came, if the shortcode has URLs."""
        urls = self.urls.get(movement.party_b)
        if urls is not None:
            total = self._books.total_kes
            body = self._body(movement, urls, balance_kes=total, third_party_trans_id=third_party_trans_id)
            await self._post("confirmation", urls.confirmation_url, body, movement)

    async def settle(self) -> None:
        """Let all waiting time pass at once."""
        self._hurry.set()
        try:
            await asyncio.gather(*self._tasks)
        finally:
            self._hurry.clear()

    async def stop(self) -> None:
        """Break off every payment that is being played."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def clear(self) -> None:
        """Forget URLs and reports."""
        await self.stop()
        self.urls.clear()
        self.notices.clear()

    async def _play(self, paid: Simulated) -> Movement | None:
        if self._config.callback_delay_s > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), self._config.callback_delay_s / self._config.speed)
        return await self.pay(paid)

    async def _validated(self, movement: Movement) -> _Verdict:
        """What the ValidationURL says; without an answer that can be read, what ResponseType says."""
        urls = self.urls.get(movement.party_b)
        if urls is None or not self._config.money_in.validation:
            return _Verdict(True)
        body = self._body(movement, urls, balance_kes=None)
        text = await self._post("validation", urls.validation_url, body, movement)
        try:
            said = json.loads(text)
            code = str(said["ResultCode"])
        except (ValueError, KeyError, TypeError):
            return _Verdict(urls.response_type == "Completed")
        return _Verdict(code == "0", str(said.get("ThirdPartyTransID") or ""))

    def _body(
        self, movement: Movement, urls: C2BUrls, *, balance_kes: int | None, third_party_trans_id: str = ""
    ) -> str:
        money_in = self._config.money_in
        by_version = MsisdnForm.HASHED if urls.version == "v1" else MsisdnForm.MASKED
        kind = BUY_GOODS if movement.party_b in self._config.tills else PAYBILL
        return c2b_body(
            movement,
            transaction_type=_WORDS[kind],
            form=money_in.msisdn or by_version,
            names=money_in.names,
            balance_kes=balance_kes,
            third_party_trans_id=third_party_trans_id,
        )

    async def _post(self, what: str, url: str, body: str, movement: Movement) -> str:
        answered = await self._sender.post(url, body, movement.party_b)
        self.notices.append(Notice(self._clock(), what, movement.receipt, answered.status, answered.error))
        self._watch.changed()
        return answered.text if answered.status == 200 else ""
