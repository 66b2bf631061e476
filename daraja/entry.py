"""The shape of one line of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

Money = Literal["unmoved", "unknown", "moved"]


class Channel(StrEnum):
    """Where a code was met; one code can mean different things on different channels."""

    PUSH = "push"  #: the answer to an STK push
    CALLBACK = "callback"  #: M-PESA's report to our CallBackURL
    QUERY = "query"  #: the answer to an STK query
    STATUS = "status"  #: the answer to a transaction status request
    REVERSAL = "reversal"  #: the answer to a reversal request
    RESULT = "result"  #: M-PESA's report to a ResultURL: there the operator is spoken of, not the payer
    C2B = "c2b"  #: the answer to a C2B registration or simulation
    PULL = "pull"  #: the answer to a Pull registration or query
    QR = "qr"  #: the answer to a Dynamic QR request


PAYMENT_CHANNELS: Final = frozenset({Channel.PUSH, Channel.CALLBACK, Channel.QUERY})
"""Those on which the fate of a payer's push is told."""


class Turn(StrEnum):
    """Who has to do something next."""

    PAYER = "payer"
    SCHOOL = "school"
    MPESA = "mpesa"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Entry:
    """What one code means on one channel.

    `final`: nothing more is to be expected on this channel. `money`: the payer's, by this report.
    `retry_after_s`: after how many seconds another try makes sense (on QUERY's undecided: another question);
    None when it does not help. `match`: lower-case text that the message must hold, where one code means
    several things.
    """

    channel: Channel
    code: str
    cause: str
    turn: Turn
    final: bool
    money: Money
    retry_after_s: int | None
    meaning: str
    match: str | None = None
