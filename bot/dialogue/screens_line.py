"""What is said of the school's M-PESA line: to admins when it goes down and works again, to parents held back by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.dialogue.keys import key_of
from bot.dialogue.screen import Choice, Say, Screen, say
from bot.dialogue.screens_doctor import verdict_lines
from daraja.doctor.findings import Diagnosis


@dataclass(frozen=True, slots=True)
class Tried:
    """A try to pay that was held back: its payment, and what it was for."""

    payment_id: int
    child_name: str
    amount_cents: int


def line_down(cause: str, since: datetime, verdict: Sequence[Say] = ()) -> Screen:
    """For admins. verdict: what the doctor found; without it, that the reason is being looked for."""
    head = say("line.down", since_time=since.isoformat(), cause_key=f"line.cause.{cause}")
    return Screen((head, say("line.meanwhile"), *(verdict or (say("line.looking"),))), notice=True)


def doctors_words(diagnosis: Diagnosis) -> tuple[Say, ...]:
    """The doctor's short verdict on what is wrong, under a head of its own."""
    return (say("line.verdict"), *verdict_lines(diagnosis)[1:])


def line_works(down_s: int, parents: int) -> Screen:
    """For admins. down_s: for how long it was down. parents: how many chats were held back."""
    return Screen((say("line.works", wait_s=down_s, parents=parents),), notice=True)


def told_back(school: str, tried: Sequence[Tried]) -> Screen:
    """For a parent who was held back: each try with a button that opens its confirmation anew."""
    lines = [say("line.back", school=school)]
    lines += [say("line.tried", child=one.child_name, amount_cents=one.amount_cents) for one in tried]
    labels = [say("choice.pay_child", amount_cents=one.amount_cents, child=one.child_name) for one in tried]
    choices = [
        Choice(key_of("again", one.payment_id), label) for one, label in zip(tried, labels, strict=True)
    ]
    return Screen(tuple(lines), tuple(choices), notice=True)
