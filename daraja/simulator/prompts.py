"""One accepted push from its prompt to its end, and the register of all of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from daraja.simulator.books import Movement
from daraja.simulator.checks import BUY_GOODS, PushRequest
from daraja.simulator.config import SimulatorConfig
from daraja.simulator.payloads import checkout_request_id, merchant_request_id
from daraja.simulator.scenarios import (
    PROMPT_TOO_LONG,
    RULE_LIMITED,
    UNKNOWN_OPERATOR,
    WRONG_PRODUCT,
    Ending,
    PromptAnswer,
    Script,
)

MAX_PROMPT_TEXT = 182


@dataclass(slots=True, eq=False)
class Prompt:
    """An accepted push. `ending` is None while it is being processed; `ringing` while the phone shows it."""

    merchant_request_id: str
    checkout_request_id: str = field(repr=False)
    request: PushRequest
    script: Script
    text: str
    opened_at: datetime
    ringing: bool = True
    ending: Ending | None = None
    movement: Movement | None = None
    answer: PromptAnswer | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def waits_for_person(self) -> bool:
        """Whether `answer_prompt` may answer it."""
        return self.script.by_hand and self.ringing and self.answer is None


def prompt_text(request: PushRequest, business_name: str) -> str:
    """What the phone shows."""
    return (
        f"Do you want to pay Ksh. {request.amount_kes}.00 to {business_name} "
        f"Account no. {request.account_reference}? Enter M-PESA PIN:"
    )


class Prompts:
    """All prompts by CheckoutRequestID, and the rules that look back at earlier ones."""

    def __init__(self, config: SimulatorConfig, clock: Callable[[], datetime], rng: random.Random) -> None:
        self._config = config
        self._clock = clock
        self._rng = rng
        self._by_id: dict[str, Prompt] = {}
        self._ringing: dict[str, list[Prompt]] = {}
        self._asked_at: dict[tuple[str, int], datetime] = {}

    def all(self) -> list[Prompt]:
        """Every prompt, oldest first."""
        return list(self._by_id.values())

    def get(self, checkout_id: str) -> Prompt | None:
        """The prompt of a CheckoutRequestID."""
        return self._by_id.get(checkout_id)

    def ringing(self, phone: str | None = None) -> Sequence[Prompt]:
        """Prompts a phone shows now, oldest first; of all phones without one."""
        if phone is not None:
            return tuple(self._ringing.get(phone, ()))
        return tuple(prompt for prompts in self._ringing.values() for prompt in prompts)

    def is_locked(self, phone: str) -> bool:
        """Whether a prompt younger than `lock_s` is still open on this phone."""
        now, lock = self._clock(), timedelta(seconds=self._config.lock_s)
        return any(now - prompt.opened_at < lock for prompt in self.ringing(phone))

    def ending_without_prompt(self, request: PushRequest) -> Ending | None:
        """The result of a push no phone ever shows: wrong product, text too long, the 2-minute rule."""
        wrong = self._wrong_product(request)
        if wrong is not None:
            return wrong
        if len(prompt_text(request, self._config.business_name)) > MAX_PROMPT_TEXT:
            return PROMPT_TOO_LONG
        asked_at = self._asked_at.get((request.party_a, request.amount_kes))
        wait = timedelta(seconds=self._config.same_amount_s)
        return RULE_LIMITED if asked_at is not None and self._clock() - asked_at < wait else None

    def open(self, request: PushRequest, script: Script, *, ringing: bool) -> Prompt:
        """Register an accepted push under new ids."""
        now = self._clock()
        checkout_id = checkout_request_id(now, request.phone_number, self._rng)
        while checkout_id in self._by_id:
            checkout_id = checkout_request_id(now, request.phone_number, self._rng)
        prompt = Prompt(
            merchant_request_id=merchant_request_id(self._rng),
            checkout_request_id=checkout_id,
            request=request,
            script=script,
            text=prompt_text(request, self._config.business_name),
            opened_at=now,
            ringing=ringing,
        )
        self._by_id[checkout_id] = prompt
        if ringing:
            self._ringing.setdefault(request.phone_number, []).append(prompt)
            self._asked_at[request.party_a, request.amount_kes] = now
        return prompt

    def close(self, prompt: Prompt) -> None:
        """The phone no longer shows it."""
        if prompt.ringing:
            prompt.ringing = False
            self._ringing[prompt.request.phone_number].remove(prompt)

    def clear(self) -> None:
        """Forget every prompt."""
        self._by_id.clear()
        self._ringing.clear()
        self._asked_at.clear()

    def _wrong_product(self, request: PushRequest) -> Ending | None:
        is_till = request.party_b in self._config.tills
        if not is_till and request.party_b != self._config.shortcode:
            return UNKNOWN_OPERATOR
        return None if is_till == (request.transaction_type == BUY_GOODS) else WRONG_PRODUCT
