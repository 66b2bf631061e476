"""Transaction Status and Reversal: acknowledged at once, carried out from the books, told later to the ResultURL."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from daraja.simulator.books import Books, Movement
from daraja.simulator.callbacks import CallbackSender
from daraja.simulator.checks import read_body
from daraja.simulator.config import SimulatorConfig
from daraja.simulator.operation_checks import OperationRequest, read_reversal_request, read_status_request
from daraja.simulator.operation_payloads import (
    PAYER_NAME,
    Ids,
    Value,
    acknowledgement,
    conversation_id,
    nairobi_number,
    result_body,
    timeout_body,
)
from daraja.simulator.operation_scripts import RESULT_SCRIPTS, ResultScript
from daraja.simulator.operator import OperatorDesk
from daraja.simulator.orders import Orders
from daraja.simulator.payloads import merchant_request_id
from daraja.simulator.prompts import Prompts
from daraja.simulator.replies import Reply
from daraja.simulator.scenarios import PAID, Ending
from daraja.simulator.waiting import Watch

NOT_PERMITTED = Ending("21")
ALREADY_REVERSED = Ending("R000001")
NO_SUCH_RECEIPT = Ending(
    "R000002"
)  # the page names it for reversals; what a status query answers is not known

Outcome = tuple[Ending, Mapping[str, Value], str]
"""Ending, parameters, and the id of what M-PESA did."""


@dataclass(frozen=True, slots=True)
class ResultDelivery:
    """One result or time-out that was posted. told: "result", "interim" or "timeout"."""

    at: datetime
    told: str
    originator_conversation_id: str
    result_code: str
    status: int | None
    error: str = ""


class Operations:
    """Plays every acknowledged request to its end."""

    def __init__(
        self,
        config: SimulatorConfig,
        clock: Callable[[], datetime],
        rng: random.Random,
        books: Books,
        prompts: Prompts,
        sender: CallbackSender,
        watch: Watch,
    ) -> None:
        self.operator = OperatorDesk(config)
        self.requests: list[OperationRequest] = []
        self.deliveries: list[ResultDelivery] = []
        self._config = config
        self._clock = clock
        self._rng = rng
        self._books = books
        self._prompts = prompts
        self._sender = sender
        self._watch = watch
        self._scripts: Orders[ResultScript] = Orders()
        self._tasks: set[asyncio.Task[None]] = set()
        self._hurry = asyncio.Event()

    def set_next(self, what: ResultScript | str, *, times: int | None = 1) -> None:
        """Choose what the next acknowledged request does: a script, or a name out of RESULT_SCRIPTS."""
        if isinstance(what, str):
            if what not in RESULT_SCRIPTS:
                raise ValueError(f"no result is called {what!r}; there are: {', '.join(RESULT_SCRIPTS)}")
            what = RESULT_SCRIPTS[what]
        self._scripts.add(what, None, times)

    async def status(self, content_type: str, raw: bytes) -> Reply:
        """POST /mpesa/transactionstatus/v1/query."""
        return self._take_on(read_status_request(read_body(content_type, raw)), self._status_of)

    async def reversal(self, content_type: str, raw: bytes) -> Reply:
        """POST /mpesa/reversal/v1/request."""
        return self._take_on(read_reversal_request(read_body(content_type, raw)), self._reverse)

    async def settle_all(self) -> None:
        """Let all time pass at once: every result goes out."""
        self._hurry.set()
        try:
            while self._tasks:
                await asyncio.gather(*self._tasks)
        finally:
            self._hurry.clear()

    async def stop(self) -> None:
        """Break off everything that is going on."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def clear(self) -> None:
        """Forget what was asked, told and ordered; unlock the operator."""
        self.requests.clear()
        self.deliveries.clear()
        self._scripts.clear()
        self.operator.unlock()

    def _take_on(
        self, request: OperationRequest, carry_out: Callable[[OperationRequest, ResultScript], Outcome]
    ) -> Reply:
        ids = Ids(merchant_request_id(self._rng), conversation_id(self._clock(), self._rng))
        script = self._scripts.take(None) or ResultScript()
        self.requests.append(request)
        task = asyncio.create_task(self._play(request, ids, script, carry_out))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._watch.changed()
        return Reply(200, acknowledgement(ids), code="accepted")

    async def _play(
        self,
        request: OperationRequest,
        ids: Ids,
        script: ResultScript,
        carry_out: Callable[[OperationRequest, ResultScript], Outcome],
    ) -> None:
        await self._pause(self._config.callback_delay_s / self._config.speed + script.delay_s)
        bad = self._bad_operator(request) or script.ending
        ending, parameters, done_as = (bad, {}, "") if bad is not None else carry_out(request, script)
        if done_as:
            ids = replace(ids, transaction=done_as)
        if script.interim:
            body = result_body(ids, PAID, {}, occasion=request.occasion, interim=True)
            await self._post("interim", request.result_url, body, request, ids, PAID)
        if script.queue_timeout:
            await self._post("timeout", request.timeout_url, timeout_body(ids), request, ids, Ending(""))
        body = result_body(ids, ending, parameters, occasion=request.occasion, shape=script.shape)
        posts = (
            self._post("result", request.result_url, body, request, ids, ending) for _ in range(script.copies)
        )
        await asyncio.gather(*posts)

    async def _post(
        self, told: str, url: str, body: str, request: OperationRequest, ids: Ids, ending: Ending
    ) -> None:
        answered = await self._sender.post(url, body, request.shortcode)
        self.deliveries.append(
            ResultDelivery(self._clock(), told, ids.originator, ending.code, answered.status, answered.error)
        )
        self._watch.changed()

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), seconds)

    def _bad_operator(self, request: OperationRequest) -> Ending | None:
        """A wrong name or password, or an operator of another organisation."""
        bad = self.operator.judge(request.initiator, request.security_credential)
        ours = (self._config.shortcode, *self._config.tills)
        return bad if bad is not None or request.shortcode in ours else NOT_PERMITTED

    def _status_of(self, request: OperationRequest, script: ResultScript) -> Outcome:
        movement = self._movement(request)
        if movement is None:
            return NO_SUCH_RECEIPT, {}, ""
        at = nairobi_number(movement.at)
        word = script.status or "Completed"
        parameters: dict[str, Value] = {
            "TransactionStatus": word,
            "DebitPartyName": f"{movement.msisdn} - {PAYER_NAME}",
            "CreditPartyName": f"{movement.party_b} - {self._config.business_name}",
            "OriginatorConversationID": self._originator_of(movement),
            "InitiatedTime": at,
            "CreditPartyCharges": None,
            "DebitAccountType": "MMF Account For Customer",
            "TransactionReason": None,
            "ReasonType": "Pay Bill Online",
            "FinalisedTime": at if word == "Completed" else None,
            "Amount": float(movement.amount_kes),
            "ReceiptNo": movement.receipt,
        }
        return PAID, parameters, ""

    def _reverse(self, request: OperationRequest, script: ResultScript) -> Outcome:
        movement = self._movement(request)
        if movement is None or movement.amount_kes != request.amount_kes:
            return NO_SUCH_RECEIPT, {}, ""
        if self._books.is_reversed(movement.receipt):
            return ALREADY_REVERSED, {}, ""
        if not script.carried_out:
            return PAID, {}, ""
        back = self._books.give_back(movement, self._clock())
        parameters: dict[str, Value] = {
            "DebitAccountBalance": "Utility Account|KES|0.00|0.00|0.00|0.00",
            "Amount": movement.amount_kes,
            "TransCompletedTime": nairobi_number(back.at),
            "OriginalTransactionID": movement.receipt,
            "Charge": 0,
            "CreditPartyPublicName": f"{movement.msisdn} - {PAYER_NAME}",
            "DebitPartyPublicName": f"{movement.party_b} - {self._config.business_name}",
        }
        return PAID, parameters, back.receipt

    def _movement(self, request: OperationRequest) -> Movement | None:
        if request.receipt:
            return self._books.find(request.receipt)
        prompts = (
            p for p in self._prompts.all() if p.merchant_request_id == request.original_conversation_id
        )
        return next((prompt.movement for prompt in prompts), None)

    def _originator_of(self, movement: Movement) -> str:
        prompt = self._prompts.get(movement.checkout_request_id)
        return "" if prompt is None else prompt.merchant_request_id
