"""What M-PESA answers to questions, as the web door takes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.services.answered import Answered
from bot.services.callbacks import CallbackVerdict
from bot.web.app import SettleCallback


def answer_doors(answered: Answered, taken: Callable[[], object]) -> Mapping[str, SettleCallback]:
    """By the name in the address. taken: called after each answer: there may be something to send."""

    def door(take: SettleCallback) -> SettleCallback:
        async def through(token: str, body: bytes) -> CallbackVerdict:
            verdict = await take(token, body)
            taken()
            return verdict

        return through

    return {"result": door(answered.result), "timeout": door(answered.timeout)}
