"""What can happen to an accepted push, and how it is chosen by the last digits of the phone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Scenario(StrEnum):
    """The stories an accepted push can take; SCRIPTS says what each does."""

    PAID = "paid"
    CANCELLED = "cancelled"
    WRONG_PIN = "wrong_pin"
    NO_FUNDS = "no_funds"
    UNREACHABLE = "unreachable"
    EXPIRED = "expired"
    SILENT = "silent"
    LATE = "late"
    DUPLICATE = "duplicate"
    CALLBACK_FIRST = "callback_first"
    ANSWER_LOST = "answer_lost"
    SUCCESS_AFTER_FAILURE = "success_after_failure"
    LYING_QUERY = "lying_query"
    MANUAL = "manual"


class PromptAnswer(StrEnum):
    """What a person does with a manual prompt."""

    PIN = "pin"
    CANCEL = "cancel"
    WRONG_PIN = "wrong_pin"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Ending:
    """A final result. `desc` empty: the usual words for the code."""

    code: str
    desc: str = ""

    @property
    def paid(self) -> bool:
        """Whether money moves."""
        return self.code == "0"


PAID = Ending("0")
NO_FUNDS = Ending("1")
RULE_LIMITED = Ending("17")
DAILY_LIMIT = Ending("4")
EXPIRED = Ending("1019")
PROMPT_TOO_LONG = Ending("1025")
CANCELLED = Ending("1032")
UNREACHABLE = Ending("1037")
WRONG_PIN = Ending("2001")
WRONG_PRODUCT = Ending("2028")
UNKNOWN_OPERATOR = Ending("SFC_IC0003")
STILL_PROCESSING = Ending("4999")

ANSWERS: Mapping[PromptAnswer, Ending] = {
    PromptAnswer.PIN: PAID,
    PromptAnswer.CANCEL: CANCELLED,
    PromptAnswer.WRONG_PIN: WRONG_PIN,
    PromptAnswer.IGNORE: EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Script:
    """What one accepted push does; combine freely with `dataclasses.replace`.

    callbacks: None is as many as configured for duplicates, 0 is silence. before_answer: the callback is out
    before the push itself is answered. answer_lost: the connection breaks instead of an answer. first: an
    ending told before the true one. query_says: what the query claims at all times. by_hand: waits for
    `answer_prompt`.
    """

    ending: Ending = PAID
    callbacks: int | None = 1
    late: bool = False
    before_answer: bool = False
    answer_lost: bool = False
    first: Ending | None = None
    query_says: Ending | None = None
    by_hand: bool = False


SCRIPTS: Mapping[Scenario, Script] = {
    Scenario.PAID: Script(),
    Scenario.CANCELLED: Script(CANCELLED),
    Scenario.WRONG_PIN: Script(WRONG_PIN),
    Scenario.NO_FUNDS: Script(NO_FUNDS),
    Scenario.UNREACHABLE: Script(UNREACHABLE),
    Scenario.EXPIRED: Script(EXPIRED),
    Scenario.SILENT: Script(callbacks=0),
    Scenario.LATE: Script(late=True),
    Scenario.DUPLICATE: Script(callbacks=None),
    Scenario.CALLBACK_FIRST: Script(before_answer=True),
    Scenario.ANSWER_LOST: Script(answer_lost=True),
    Scenario.SUCCESS_AFTER_FAILURE: Script(first=UNREACHABLE),
    Scenario.LYING_QUERY: Script(query_says=CANCELLED),
    Scenario.MANUAL: Script(by_hand=True),
}

LAST_DIGITS: Mapping[str, Scenario] = {
    "1032": Scenario.CANCELLED,
    "2001": Scenario.WRONG_PIN,
    "1037": Scenario.UNREACHABLE,
    "1019": Scenario.EXPIRED,
    "9001": Scenario.NO_FUNDS,
    "9002": Scenario.SILENT,
    "9003": Scenario.LATE,
    "9004": Scenario.DUPLICATE,
    "9005": Scenario.CALLBACK_FIRST,
    "9006": Scenario.ANSWER_LOST,
    "9007": Scenario.SUCCESS_AFTER_FAILURE,
    "9008": Scenario.LYING_QUERY,
    "9009": Scenario.MANUAL,
    "254708374149": Scenario.UNREACHABLE,
}
"""Ends of the prompted phone. The last row is the sandbox's test number, which never answers there either."""


def scenario_of(phone: str) -> Scenario:
    """The scenario a phone stands for; paid when its last digits say nothing."""
    return next((scenario for end, scenario in LAST_DIGITS.items() if phone.endswith(end)), Scenario.PAID)
