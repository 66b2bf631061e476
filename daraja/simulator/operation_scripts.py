"""What can happen to an acknowledged status or reversal request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from daraja.simulator.scenarios import Ending


class ResultShape(StrEnum):
    """How a result is spelt: all of these are printed in samples or seen on the wire."""

    LIVE = "live"  #: numbers as numbers, ReferenceItem one object, keys without values
    SPACED = "spaced"  #: "Conversation ID" with blanks, every value as text, ReferenceItem a list
    TWICE = "twice"  #: the portal's sample: DebitPartyName comes twice, CreditPartyName not at all
    SINGLE = "single"  #: ResultParameter one object, with the status alone


@dataclass(frozen=True, slots=True)
class ResultScript:
    """What one acknowledged request does; combine freely with `dataclasses.replace`.

    copies: how often the result is posted, 0 is silence. interim: a ResultType 1 comes first. queue_timeout: the
    QueueTimeOutURL is told first; then the result follows, unless copies is 0. ending: this result in place of the
    true one (nothing is carried out). status: the word for TransactionStatus in place of the true one.
    carried_out False: a reversal that moves nothing, whatever is told. delay_s: real seconds, over the config's.
    """

    copies: int = 1
    interim: bool = False
    queue_timeout: bool = False
    ending: Ending | None = None
    status: str = ""
    shape: ResultShape = ResultShape.LIVE
    carried_out: bool = True
    delay_s: float = 0.0


RESULT_SCRIPTS: Mapping[str, ResultScript] = {
    "plain": ResultScript(),
    "silent": ResultScript(copies=0),
    "duplicate": ResultScript(copies=3),
    "interim": ResultScript(interim=True),
    "timeout": ResultScript(queue_timeout=True, copies=0, carried_out=False),
    "timeout_then_result": ResultScript(queue_timeout=True),
    "busy": ResultScript(ending=Ending("26")),
    "not_permitted": ResultScript(ending=Ending("21")),
    "pending": ResultScript(status="Pending Authorized"),
    "declined": ResultScript(status="Declined"),
    "spaced": ResultScript(shape=ResultShape.SPACED),
    "twice": ResultScript(shape=ResultShape.TWICE),
    "single": ResultScript(shape=ResultShape.SINGLE),
}
"""Every story that can be asked for by name."""
