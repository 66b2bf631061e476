"""What must be true of payments, reckoned from M-PESA's reports alone: no storage, no services."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from daraja import Channel, Entry, look_up

LATE = timedelta(seconds=180)
DAY = timedelta(hours=24)
MARGIN = timedelta(minutes=2)  #: a check that was put off a little ends the day a little later


@dataclass(slots=True)
class Reported:
    """What was reported of one payment. amounts in cents; asked: by the parent."""

    child_id: int
    asked: int
    pushed_at: datetime | None = None
    checkout: str | None = None
    received: int | None = None  #: None: nobody said success
    number: str | None = None
    failed: bool = False
    failed_query: str = ""  #: the code of the last answer to a query, if it was a failure

    @property
    def paid(self) -> bool:
        """Success is sticky: whatever came before or after it."""
        return self.received is not None


@dataclass(slots=True)
class Oracle:
    """Reads every report in the order in which it came."""

    payments: dict[int, Reported] = field(default_factory=dict)
    owner_of: dict[str, int] = field(default_factory=dict)  #: receipt number -> payment it was reported for
    suspense: dict[str, int] = field(default_factory=dict)  #: receipt number -> cents nobody was given

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
        """One callback with this payment's token."""
        payment = self.payments[payment_id]
        if payment.checkout is None and not self._belongs_to_another(payment_id, checkout):
            payment.checkout = checkout
        if payment.checkout != checkout:
            return
        if code == "0":
            self._success(payment_id, number, cents)
        elif _ends(look_up(Channel.CALLBACK, code)):
            payment.failed = True

    def query(self, payment_id: int, code: str, now: datetime) -> None:
        """One readable answer to a query: a ResultCode, or an error that decides nothing."""
        payment = self.payments[payment_id]
        assert payment.pushed_at is not None
        if code == "0":
            self._success(payment_id, None, None)
            return
        failure = code if _ends(look_up(Channel.QUERY, code)) else ""
        if failure and failure == payment.failed_query and now - payment.pushed_at >= LATE:
            payment.failed = True
        payment.failed_query = failure

    def fees_of(self, child_id: int) -> int:
        """Cents that came in for a child."""
        return sum(p.received or 0 for p in self.payments.values() if p.child_id == child_id)

    def contradictions(self, payment_id: int, status: str, now: datetime) -> Iterator[str]:
        """What is wrong with this status, after the timed jobs had their turn."""
        payment = self.payments[payment_id]
        if (status == "paid") != payment.paid:
            yield f"paid: {payment.paid}"
        if payment.paid:
            return
        if (status in ("failed", "cancelled")) != payment.failed and not self._never_left(payment, status):
            yield f"failed: {payment.failed}"
        age = now - (payment.pushed_at or now)
        if status == "expired" and age < DAY:
            yield "expired too early"
        if not payment.failed and age > DAY + MARGIN and status != "expired":
            yield "a day old, and no person was asked"

    def _never_left(self, payment: Reported, status: str) -> bool:
        return payment.pushed_at is None and status in ("queued", "cancelled")

    def _belongs_to_another(self, payment_id: int, checkout: str) -> bool:
        return any(p.checkout == checkout for known, p in self.payments.items() if known != payment_id)

    def _success(self, payment_id: int, number: str | None, cents: int | None) -> None:
        payment = self.payments[payment_id]
        told = cents if cents else None
        if number is not None and self.owner_of.setdefault(number, payment_id) != payment_id:
            return  # another payment's receipt proves nothing about this one
        if payment.received is None:
            payment.received, payment.number = told or payment.asked, number
        elif number is None or number == payment.number or number in self.suspense:
            return
        elif payment.number is None:
            payment.received, payment.number = told or payment.received, number
        else:
            self.suspense[number] = told or payment.asked


def _ends(entry: Entry) -> bool:
    return entry.final and entry.money == "unmoved"
