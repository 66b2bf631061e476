"""M-PESA itself: plays each accepted push to its end, moves the money and has the callbacks sent."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from datetime import datetime

from daraja.simulator.books import Books, Movement
from daraja.simulator.callbacks import CallbackSender
from daraja.simulator.checks import PushRequest
from daraja.simulator.config import SimulatorConfig
from daraja.simulator.prompts import Prompt, Prompts
from daraja.simulator.scenarios import ANSWERS, DAILY_LIMIT, EXPIRED, Ending, Script
from daraja.simulator.waiting import Watch


class Mpesa:
    """Owns the prompts, the books and the tasks that play the prompts."""

    def __init__(
        self,
        config: SimulatorConfig,
        clock: Callable[[], datetime],
        rng: random.Random,
        sender: CallbackSender,
        watch: Watch,
    ) -> None:
        self.prompts = Prompts(config, clock, rng)
        self.books = Books(rng)
        self.on_paid: Callable[[Movement], Awaitable[None]] | None = None
        self._config = config
        self._clock = clock
        self._sender = sender
        self._watch = watch
        self._tasks: set[asyncio.Task[None]] = set()
        self._hurrying = False

    async def take_on(self, request: PushRequest, script: Script) -> Prompt:
        """Accept a push and play it from now on; with `before_answer` only return when it is played out."""
        at_once = self.prompts.ending_without_prompt(request)
        prompt = self.prompts.open(request, script, ringing=at_once is None)
        task = asyncio.create_task(self._play(prompt, at_once))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._watch.changed()
        if script.before_answer:
            await asyncio.wait({task})
        return prompt

    async def settle_all(self) -> None:
        """Let all time pass at once: prompts end (unanswered manual ones expire), callbacks go out."""
        self._hurrying = True
        try:
            while self._tasks:
                for prompt in self.prompts.all():
                    prompt.wake.set()
                await asyncio.gather(*self._tasks)
        finally:
            self._hurrying = False

    async def stop(self) -> None:
        """Break off everything that is being played."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _play(self, prompt: Prompt, at_once: Ending | None) -> None:
        script = prompt.script
        if at_once is not None:
            await self._tell(prompt, at_once)
            return
        ending = await self._ending(prompt)
        if script.first is not None:
            await self._tell(prompt, script.first)
            await self._pause(prompt, self._config.late_s)
        ending = self._settled(prompt, ending)
        before = self._config.money_in.before_callback
        if before:
            await self._confirm(prompt)
        await self._tell(prompt, ending, late=script.late)
        if not before:
            await self._confirm(prompt)

    async def _ending(self, prompt: Prompt) -> Ending:
        """What the payer does, or does not do."""
        if not prompt.script.by_hand:
            await self._pause(prompt, self._config.prompt_s)
            return prompt.script.ending
        if prompt.answer is None:
            await self._pause(prompt, self._config.prompt_life_s)
        return EXPIRED if prompt.answer is None else ANSWERS[prompt.answer]

    def _settled(self, prompt: Prompt, ending: Ending) -> Ending:
        """Move the money of a success, unless it is over the payer's limit of the day."""
        if not ending.paid:
            return ending
        now = self._clock()
        request = prompt.request
        spent = self.books.spent_on_day(request.party_a, now)
        if spent + request.amount_kes > self._config.daily_limit_kes:
            return DAILY_LIMIT
        prompt.movement = self.books.move(request, prompt.checkout_request_id, now)
        return ending

    async def _tell(self, prompt: Prompt, ending: Ending, *, late: bool = False) -> None:
        """The result stands; send as many callbacks as the script says."""
        prompt.ending = ending
        self.prompts.close(prompt)
        self._watch.changed()
        callbacks = prompt.script.callbacks
        count = self._config.duplicates if callbacks is None else callbacks
        if not count:
            return
        await self._pause(prompt, self._config.callback_delay_s + (self._config.late_s if late else 0))
        await asyncio.gather(*(self._send(prompt, ending) for _ in range(count)))

    async def _confirm(self, prompt: Prompt) -> None:
        """A payment by push is a C2B payment as well."""
        if prompt.movement is not None and self.on_paid is not None:
            await self.on_paid(prompt.movement)

    async def _send(self, prompt: Prompt, ending: Ending) -> None:
        await self._sender.send(prompt, ending)
        self._watch.changed()

    async def _pause(self, prompt: Prompt, seconds: float) -> None:
        """Real time, divided by the speed, unless somebody wakes this prompt earlier."""
        if self._hurrying or seconds <= 0:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds / self._config.speed):
                await prompt.wake.wait()
        prompt.wake.clear()
