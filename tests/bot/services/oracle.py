"""What must be true of payments, reckoned from M-PESA's reports alone: no storage, no services."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from daraja import Channel, Entry, look_up

LATE = timedelta(seconds=180)
AGAIN = timedelta(seconds=10)
DAY = timedelta(hours=24)
MARGIN = timedelta(minutes=2)  #: a check that was put off a little ends the day a little later


@dataclass(slots=True)
class Money:
    """Cents that came in. told: by M-PESA; else they are what was asked for, until M-PESA tells."""

    cents: int
    told: bool

    def learn(self, cents: int | None) -> None:
        """What was told stands."""
        if cents is not None and not self.told:
            self.cents, self.told = cents, True


@dataclass(slots=True)
class Reported:
    """What was reported of one payment. asked: cents that the parent asked to pay."""

    child_id: int
    asked: int
    pushed_at: datetime | None = None
    checkout: str | None = None
    money: Money | None = None  #: None: nobody said success
    number: str | None = None
    failed: bool = False
    failed_query: tuple[str, datetime] | None = None  #: a late failure that was not taken back since
    answered_at: datetime | None = None  #: the last time that a query got an answer


@dataclass(slots=True)
class Oracle:
    """Reads every report in the order in which it came."""

    payments: dict[int, Reported] = field(default_factory=dict)
    owner_of: dict[str, int] = field(default_factory=dict)  #: receipt number -> payment it was reported for
    suspense: dict[str, Money] = field(default_factory=dict)  #: second receipts, given to nobody

    def accepted(self, payment_id: int, checkout: str) -> None:
        """M-PESA took the push and named it, unless a callback named it before."""
        payment = self.payments[payment_id]
        if payment.checkout is None and not self._belongs_to_another(payment_id, checkout):
            payment.checkout = checkout

    def refused(self, payment_id: int) -> None:
        """M-PESA surely did nothing, or nothing left us."""
        self.payments[payment_id].failed = True

    def callback(
        self, payment_id: int, checkout: str, code: str, number: str | None, cents: int | None
    ) -> None:
        """One callback with this payment's token. A success of nothing is no success."""
        self.accepted(payment_id, checkout)
        payment = self.payments[payment_id]
        if payment.checkout != checkout:
            return
        if code == "0" and cents != 0:
            self._success(payment_id, number, cents)
        elif _ends(look_up(Channel.CALLBACK, code)):
            payment.failed = True

    def query(self, payment_id: int, code: str, now: datetime) -> None:
        """One answer to a query: a ResultCode, or an error that only says "not yet"."""
        payment = self.payments[payment_id]
        assert payment.pushed_at is not None
        payment.answered_at = now
        if code == "0":
            self._success(payment_id, None, None)
        elif code == "4999":
            payment.failed_query = None
        elif _ends(look_up(Channel.QUERY, code)) and now - payment.pushed_at >= LATE:
            before, at = payment.failed_query or ("", now)
            payment.failed |= code == before and now - at >= AGAIN
            payment.failed_query = (code, at if code == before else now)

    def fees_of(self, child_id: int) -> int:
        """Cents that came in for a child."""
        return sum(p.money.cents for p in self.payments.values() if p.money and p.child_id == child_id)

    def contradictions(self, payment_id: int, status: str, now: datetime) -> Iterator[str]:
        """What is wrong with this status, after the timed jobs had their turn. Success is sticky."""
        payment = self.payments[payment_id]
        if (status == "paid") != (payment.money is not None):
            yield f"paid: {payment.money}"
        if payment.money is not None:
            return
        if (status in ("failed", "cancelled")) != payment.failed and not _never_left(payment, status):
            yield f"failed: {payment.failed}"
        if status == "expired" and now - (payment.pushed_at or now) < DAY:
            yield "expired too early"
        if not payment.failed and status != "expired" and _is_over(payment, now):
            yield "a day old, and no person was asked"

    def _belongs_to_another(self, payment_id: int, checkout: str) -> bool:
        return any(p.checkout == checkout for known, p in self.payments.items() if known != payment_id)

    def _success(self, payment_id: int, number: str | None, cents: int | None) -> None:
        payment = self.payments[payment_id]
        if number is not None and self.owner_of.setdefault(number, payment_id) != payment_id:
            return  # another payment's receipt proves nothing about this one
        if payment.money is None:
            payment.money, payment.number = Money(cents or payment.asked, told=cents is not None), number
        elif number in self.suspense:
            self.suspense[number].learn(cents)
        elif number is not None and payment.number not in (None, number):
            self.suspense[number] = Money(cents or payment.asked, told=cents is not None)
        else:
            payment.number = payment.number or number
            payment.money.learn(cents)


def _is_over(payment: Reported, now: datetime) -> bool:
    """Nobody can be asked about it, or M-PESA was asked a day after the push and could not tell."""
    if payment.pushed_at is None:
        return False
    if payment.checkout is None:
        return now - payment.pushed_at > DAY + MARGIN
    asked_late = payment.answered_at is not None and payment.answered_at - payment.pushed_at >= DAY
    return asked_late or now - payment.pushed_at > 2 * DAY + timedelta(hours=1)


def _never_left(payment: Reported, status: str) -> bool:
    return payment.pushed_at is None and status in ("queued", "cancelled")


def _ends(entry: Entry) -> bool:
    return entry.final and entry.money == "unmoved"
