"""What M-PESA's answers say about the school's line, and when it is tried again: pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bot.dialogue.facts import CALLED_BACK_WITHIN
from daraja import AnswerLost, DarajaError, Refused, StkAccepted, TokenRefused, TokenUnavailable

TOKEN_REFUSED: Final = "token_refused"  # noqa: S105 - a word
KEY_REFUSED: Final = "key_refused"
FIREWALL: Final = "firewall"
CAUSES: Final = (TOKEN_REFUSED, KEY_REFUSED, FIREWALL)  #: why a line goes down

BY_PUSH_AFTER: Final = timedelta(hours=1)  #: of an outage; then a parent's own payment may be the trial
BY_PUSH_AGAIN: Final = timedelta(minutes=30)
SUSPECT_AGAIN: Final = timedelta(minutes=10)  #: between two trials for nothing but a refused question
TOLD_WITHIN: Final = CALLED_BACK_WITHIN  #: after a try nobody is called back any more

_FIRST_S: Final = 60.0
_LONGEST_S: Final = 1800.0
_DOUBLED_AT_MOST: Final = 5
_FIREWALL_STATUSES: Final = frozenset({403, 503})
_BEFORE_THE_BODY: Final = frozenset({"wrong_address", "spike_arrest", "quota"})


def sign_of(outcome: object) -> str:
    """Why no push can get through, by this answer to one; "" when it does not say so.

    A refused token says it at once: the client has tried a second one. So does a key that OAuth does not know, and a
    firewall's page. A fault of M-PESA's own, a time-out or a full queue says nothing of the kind.
    """
    if isinstance(outcome, TokenRefused):
        return TOKEN_REFUSED
    if isinstance(outcome, TokenUnavailable) and outcome.http_status in (400, 401):
        return KEY_REFUSED
    if isinstance(outcome, TokenUnavailable | AnswerLost) and outcome.page:
        by_its_words = "incapsula" in outcome.page.lower()
        return FIREWALL if by_its_words or outcome.http_status in _FIREWALL_STATUSES else ""
    return ""


def gets_through(outcome: StkAccepted | DarajaError) -> bool:
    """Whether M-PESA has read the request itself, so that token, product and firewall let it pass."""
    if isinstance(outcome, Refused):
        return not isinstance(outcome, TokenRefused) and outcome.cause not in _BEFORE_THE_BODY
    return isinstance(outcome, StkAccepted)


def pause(in_vain: int, chance: float) -> timedelta:
    """Before the next trial: a minute, doubled with each one in vain to half an hour, more or less by a fifth.

    chance: from 0 to 1, so that several schools behind one address do not come together.
    """
    seconds = min(_FIRST_S * 2 ** min(in_vain, _DOUBLED_AT_MOST), _LONGEST_S)
    return timedelta(seconds=seconds * (0.8 + 0.4 * chance))
