"""What a test or a person asks the simulator to do next: outcomes, faults, and answers typed on the phone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from daraja.simulator.mpesa import Mpesa
from daraja.simulator.orders import Orders
from daraja.simulator.prompts import Prompt
from daraja.simulator.replies import REPLIES, Fault, Reply
from daraja.simulator.scenarios import SCRIPTS, Ending, PromptAnswer, Scenario, Script, scenario_of

_PHONE = re.compile(r"254[17][0-9]{8}")


class Endpoint(StrEnum):
    """What a Daraja client calls."""

    OAUTH = "oauth"
    PUSH = "push"
    QUERY = "query"
    STATUS = "status"
    REVERSAL = "reversal"
    C2B_V1_REGISTER = "c2b_v1_register"
    C2B_V2_REGISTER = "c2b_v2_register"
    C2B_V1_SIMULATE = "c2b_v1_simulate"
    C2B_V2_SIMULATE = "c2b_v2_simulate"
    PULL_REGISTER = "pull_register"
    PULL_QUERY = "pull_query"
    QR = "qr"


@dataclass(frozen=True, slots=True)
class Scripted:
    """How one request is answered.

    processed: the request is honestly carried out all the same. `reply` None: an honest answer, only after
    `delay_s` real seconds.
    """

    reply: Fault | Reply | None
    processed: bool
    delay_s: float


class Levers:
    """The part of the simulator that is steered from outside."""

    def __init__(self, mpesa: Mpesa) -> None:
        self._mpesa = mpesa
        self._scripts: Orders[Script] = Orders()
        self._replies: dict[Endpoint, Orders[Scripted]] = {endpoint: Orders() for endpoint in Endpoint}

    def set_next(
        self, what: Scenario | Script | Ending | str, phone: str | None = None, *, times: int | None = 1
    ) -> None:
        """Choose what the next accepted push (of one phone, or any) does: a scenario, a script, an ending.

        times: how many pushes it holds for; None holds until `clear_orders` or the next standing one.
        """
        self._scripts.add(_as_script(what), _checked(phone), times)

    def fail_next(
        self,
        endpoint: Endpoint | str,
        reply: Fault | Reply | str | None,
        *,
        phone: str | None = None,
        times: int | None = 1,
        processed: bool = False,
        delay_s: float = 0.0,
    ) -> None:
        """Choose how the next request is answered: a fault, a raw reply, or a name out of `REPLIES`.

        With `processed` the request is carried out and only its answer replaced (the prompt comes, the money
        moves); otherwise nothing happens. `reply` None with a delay is an honest but slow answer.
        """
        if isinstance(reply, str):
            if reply not in REPLIES:
                raise ValueError(f"no reply is called {reply!r}; there are: {', '.join(REPLIES)}")
            reply = REPLIES[reply]
        scripted = Scripted(reply, processed=processed or reply is None, delay_s=delay_s)
        self._replies[Endpoint(endpoint)].add(scripted, _checked(phone), times)

    def answer_prompt(self, phone: str, answer: PromptAnswer | str = PromptAnswer.PIN) -> Prompt:
        """A person answers the oldest manual prompt open on a phone. LookupError when none is."""
        answer = PromptAnswer(answer)
        for prompt in self._mpesa.prompts.ringing(_checked(phone)):
            if prompt.waits_for_person:
                prompt.answer = answer
                prompt.wake.set()
                return prompt
        raise LookupError("no manual prompt is open on that phone")

    def clear_orders(self) -> None:
        """Forget everything that was chosen for requests to come."""
        self._scripts.clear()
        self.clear_replies()

    def clear_replies(self) -> None:
        """Every request is answered honestly again."""
        for replies in self._replies.values():
            replies.clear()

    def script_for(self, phone: str) -> Script:
        """What an accepted push to this phone does: as ordered, else by its last digits."""
        return self._scripts.take(phone) or SCRIPTS[scenario_of(phone)]

    def scripted_for(self, endpoint: Endpoint, phone: str | None = None) -> Scripted | None:
        """How this request is to be answered, if that was ordered."""
        return self._replies[endpoint].take(phone)


def _as_script(what: Scenario | Script | Ending | str) -> Script:
    if isinstance(what, Script):
        return what
    if isinstance(what, Ending):
        return Script(what)
    return SCRIPTS[Scenario(what)]


def _checked(phone: str | None) -> str | None:
    if phone is not None and not _PHONE.fullmatch(phone):
        raise ValueError("a phone is 254 and 9 digits, the first of them 7 or 1")
    return phone
