"""Daraja's calls: check what the gateway checks, hand over to M-PESA, and word the answer."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from daraja.simulator.addresses import ADDRESSES
from daraja.simulator.checks import read_body, read_push, read_query, text_of
from daraja.simulator.config import PendingShape, SimulatorConfig
from daraja.simulator.gate import Gate
from daraja.simulator.levers import Endpoint, Levers, Scripted
from daraja.simulator.mpesa import Mpesa
from daraja.simulator.payloads import accepted_body, error_body, merchant_request_id, query_body, token_body
from daraja.simulator.replies import (
    BEING_PROCESSED,
    SUBSCRIBER_LOCKED,
    UNDECIDED,
    Break,
    Fault,
    Refused,
    Reply,
    invalid_field,
)
from daraja.simulator.scenarios import STILL_PROCESSING, Ending
from daraja.simulator.tokens import Tokens
from daraja.simulator.waiting import Watch

ACCEPTED = "accepted"

Handler = Callable[[str, bytes], Awaitable[Reply]]
"""Content type and body of a call that passed the gate -> the reply. May raise `Refused`."""


@dataclass(slots=True)
class SeenPush:
    """One POST that reached the push address, refused ones too; fields as sent, empty where unreadable.

    answered: "accepted", an errorCode, "http 503" for an answer that is no error body, or "dropped".
    """

    at: datetime
    phone: str = field(repr=False)
    amount: str
    account_reference: str
    callback_url: str = field(repr=False)
    answered: str = ""
    checkout_request_id: str | None = field(default=None, repr=False)


class Daraja:
    """The gateway in front of M-PESA. Every call returns the reply to send."""

    def __init__(
        self,
        config: SimulatorConfig,
        clock: Callable[[], datetime],
        rng: random.Random,
        mpesa: Mpesa,
        levers: Levers,
        watch: Watch,
    ) -> None:
        self.pushes: list[SeenPush] = []
        self.counts: Counter[Endpoint] = Counter()
        self.tokens = Tokens(config, clock, rng)
        self.gate = Gate(self.tokens, config.products)
        self.handlers: dict[Endpoint, Handler] = {Endpoint.QUERY: self._query}
        self.closing = asyncio.Event()
        self._config = config
        self._clock = clock
        self._rng = rng
        self._mpesa = mpesa
        self._levers = levers
        self._watch = watch
        self._shapes = itertools.cycle(shape for shape in PendingShape if shape is not PendingShape.ALTERNATE)

    async def oauth(self, authorization: str | None, grant_type: str | None) -> Reply:
        """GET /oauth/v1/generate."""
        self.counts[Endpoint.OAUTH] += 1
        scripted = self._levers.scripted_for(Endpoint.OAUTH)
        return await self._answer(scripted, partial(self._mint, authorization, grant_type))

    async def push(self, authorization: str | None, content_type: str, raw: bytes) -> Reply:
        """POST /mpesa/stkpush/v1/processrequest."""
        self.counts[Endpoint.PUSH] += 1
        seen = _seen(self._clock(), raw)
        self.pushes.append(seen)
        self._watch.changed()
        scripted = self._levers.scripted_for(Endpoint.PUSH, seen.phone)
        honest = partial(self._push, seen, content_type, raw)
        reply = await self._answer(scripted, partial(self._gated, Endpoint.PUSH, authorization, raw, honest))
        seen.answered = "dropped" if reply.breaks is not Break.NO else reply.code or f"http {reply.status}"
        return reply

    async def call(
        self, endpoint: Endpoint, authorization: str | None, content_type: str, raw: bytes
    ) -> Reply:
        """POST to any other address: through the gate to its handler in `handlers`."""
        self.counts[endpoint] += 1
        handler = self.handlers.get(endpoint, partial(self._no_handler, endpoint))
        honest = partial(self._gated, endpoint, authorization, raw, partial(handler, content_type, raw))
        return await self._answer(self._levers.scripted_for(endpoint), honest)

    def adopt(self, config: SimulatorConfig) -> None:
        """The merchant's key, secret and passkey are other ones from now on."""
        self._config = config
        self.tokens.adopt(config)

    def refuse(self, fault: Fault) -> Reply:
        """An error body with a requestId of its own."""
        return Reply(fault.status, error_body(fault, merchant_request_id(self._rng)), code=fault.code)

    async def _answer(self, scripted: Scripted | None, honest: Callable[[], Awaitable[Reply]]) -> Reply:
        """The honest reply, or the scripted one; a refusal is said even where another answer was scripted."""
        if scripted is not None and not scripted.processed:
            await self._delay(scripted.delay_s)
            return self._said(scripted)
        try:
            reply = await honest()
        except Refused as refused:
            return self.refuse(refused.fault)
        if scripted is None:
            return reply
        await self._delay(scripted.delay_s)
        return reply if scripted.reply is None else self._said(scripted)

    def _said(self, scripted: Scripted) -> Reply:
        reply = scripted.reply
        if isinstance(reply, Fault):
            return self.refuse(reply)
        assert reply is not None
        return reply

    async def _delay(self, seconds: float) -> None:
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.closing.wait(), seconds)

    async def _mint(self, authorization: str | None, grant_type: str | None) -> Reply:
        token = self.tokens.mint(authorization, grant_type)
        config = self._config
        return Reply(200, token_body(token, config.token_life_s, as_text=config.expires_in_as_text))

    async def _gated(
        self,
        endpoint: Endpoint,
        authorization: str | None,
        raw: bytes,
        honest: Callable[[], Awaitable[Reply]],
    ) -> Reply:
        self.gate.check(ADDRESSES[endpoint].product, authorization, raw)
        return await honest()

    async def _no_handler(self, endpoint: Endpoint, content_type: str, raw: bytes) -> Reply:
        read_body(content_type, raw)
        raise Refused(invalid_field(ADDRESSES[endpoint].first_field))

    async def _push(self, seen: SeenPush, content_type: str, raw: bytes) -> Reply:
        request = read_push(read_body(content_type, raw), self._config)
        if self._mpesa.prompts.is_locked(request.phone_number):
            raise Refused(SUBSCRIBER_LOCKED)
        script = self._levers.script_for(request.phone_number)
        prompt = await self._mpesa.take_on(request, script)
        seen.checkout_request_id = prompt.checkout_request_id
        if script.answer_lost:
            return Reply(200, "", breaks=Break.DROP)
        body = accepted_body(prompt.merchant_request_id, prompt.checkout_request_id)
        return Reply(200, body, code=ACCEPTED)

    async def _query(self, content_type: str, raw: bytes) -> Reply:
        prompt = self._mpesa.prompts.get(read_query(read_body(content_type, raw), self._config))
        if prompt is None:
            raise Refused(invalid_field("CheckoutRequestID"))
        if self._config.undecided_share and self._rng.random() < self._config.undecided_share:
            raise Refused(self._rng.choice(UNDECIDED))
        ending = prompt.script.query_says or prompt.ending
        if ending is None:
            ending = self._pending()
        return Reply(200, query_body(prompt.merchant_request_id, prompt.checkout_request_id, ending))

    def _pending(self) -> Ending:
        """Still being processed, in one of its shapes: a result, or raised as an error."""
        shape = self._config.pending_shape
        if shape is PendingShape.ALTERNATE:
            shape = next(self._shapes)
        if shape is PendingShape.RESULT_4999:
            return STILL_PROCESSING
        status = 500 if shape is PendingShape.ERROR_500 else 200
        raise Refused(Fault(status, "500.001.1001", BEING_PROCESSED))


def _seen(at: datetime, raw: bytes) -> SeenPush:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        body = {}
    return SeenPush(
        at=at,
        phone=text_of(body, "PhoneNumber"),
        amount=text_of(body, "Amount"),
        account_reference=text_of(body, "AccountReference"),
        callback_url=text_of(body, "CallBackURL"),
    )
