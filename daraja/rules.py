"""M-PESA's rules about a push that can be kept before it is sent: a broken one is a prompt that never rings.

| rule | what M-PESA does about it |
|---|---|
| whole shillings, 1 to 250,000 | result 2 or 3 (`daraja.fields.check_amount`; the client always holds this one) |
| the same amount to the same payer not twice in 2 minutes | result 17 |
| a minute's rest after "Unable to lock subscriber" | the same again |
| the text of the prompt at most 182 characters | result 1025 |

The functions are pure. `RecentPushes` is the memory that two of the rules need: `DarajaClient(..., careful=True)`.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from daraja.errors import BadRequest, DarajaError, TooSoon
from daraja.messages import StkPush
from daraja.times import Clock, utc_now

SAME_AMOUNT_S: Final = 120
LOCKED_S: Final = 60
MAX_PROMPT_TEXT: Final = 182
_LOCKED: Final = "subscriber_locked"


@dataclass(frozen=True, slots=True)
class PushRules:
    """What a careful client holds to. Seconds; a rule of 0 seconds is off.

    business_name: as M-PESA prints it on the prompt, for the count of 182. Without it only what is known is counted.
    remembered: how many pushes, and how many locked phones, are kept in mind at most. Beyond that the oldest are
    forgotten, and M-PESA itself says no.
    """

    business_name: str = ""
    same_amount_s: int = SAME_AMOUNT_S
    locked_s: int = LOCKED_S
    remembered: int = 10_000


def prompt_text(amount_kes: int, business_name: str, account_reference: str) -> str:
    """The text that M-PESA puts on the phone, as prompts were seen. The transaction's description is not in it."""
    return (
        f"Do you want to pay Ksh. {amount_kes}.00 to {business_name} "
        f"Account no. {account_reference}? Enter M-PESA PIN:"
    )


def check_prompt_text(amount_kes: int, business_name: str, account_reference: str) -> None:
    """At most 182 characters of `prompt_text`. Raises BadRequest, with how many are too many."""
    over = len(prompt_text(amount_kes, business_name, account_reference)) - MAX_PROMPT_TEXT
    if over > 0:
        raise BadRequest(
            "AccountReference", f"the prompt is {over} characters too long with the business's name and this"
        )


def wait_s(since: datetime | None, now: datetime, rest_s: int) -> int:
    """Whole seconds, rounded up, until `rest_s` after `since` are over; 0 when they are. Both moments aware.

    A clock that was put back asks for no more than the whole rest.
    """
    if since is None:
        return 0
    left_s = rest_s - (now - since).total_seconds()
    return min(max(math.ceil(left_s), 0), rest_s)


class RecentPushes:
    """The pushes of the last minutes, for the rules that look back. In this process only, for one event loop.

    Phones are kept as hashes under a key that only this object knows.
    """

    def __init__(self, rules: PushRules, clock: Clock = utc_now) -> None:
        self._rules = rules
        self._clock = clock
        self._key = secrets.token_bytes(16)
        # Each in the order of time: what is over stands first.
        self._asked: dict[bytes, datetime] = {}
        self._locked: dict[bytes, datetime] = {}

    def check(self, push: StkPush) -> None:
        """Raises TooSoon with the seconds to wait, or BadRequest. The push is not noted."""
        rules, now = self._rules, self._clock()
        check_prompt_text(push.amount_kes, rules.business_name, push.account_reference)
        rest = wait_s(self._locked.get(self._phone(push)), now, rules.locked_s)
        if rest:
            raise TooSoon("PhoneNumber", "this phone was busy with M-PESA", retry_after_s=rest, cause=_LOCKED)
        rest = wait_s(self._asked.get(self._request(push)), now, rules.same_amount_s)
        if rest:
            raise TooSoon("Amount", "the same amount was asked of this payer just now", retry_after_s=rest)

    @contextmanager
    def sending(self, push: StkPush) -> Iterator[None]:
        """Around the call that sends it. Checks, then notes the push; one that surely started nothing is forgotten."""
        self.check(push)
        asked = self._request(push)
        self._note(self._asked, asked, self._rules.same_amount_s)
        try:
            yield
        except DarajaError as error:
            if not error.money_may_have_moved:
                self._asked.pop(asked, None)
            if error.cause == _LOCKED:
                self._note(self._locked, self._phone(push), self._rules.locked_s)
            raise
        self._note(self._asked, asked, self._rules.same_amount_s)  # M-PESA counts from when it took the push

    def _note(self, kept: dict[bytes, datetime], what: bytes, rest_s: int) -> None:
        now = self._clock()
        kept.pop(what, None)
        while kept and (
            len(kept) >= self._rules.remembered or not wait_s(next(iter(kept.values())), now, rest_s)
        ):
            kept.pop(next(iter(kept)))
        kept[what] = now

    def _phone(self, push: StkPush) -> bytes:
        return self._hash(push.phone_number)

    def _request(self, push: StkPush) -> bytes:
        return self._hash(f"{push.party_a} {push.amount_kes}")

    def _hash(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=16).digest()
