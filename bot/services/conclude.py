"""The last step that every report shares: money recorded, the status moved, people told, a person asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.services import outcomes
from bot.services.announce import Announcer
from daraja.catalogue import Channel
from storage import payments, receipts
from storage.payment_state import PaymentStatus
from storage.payments import Payment
from storage.unit import Unit


@dataclass(frozen=True, slots=True)
class MoneyReport:
    """M-PESA says that the money moved. What a report does not tell is None; amount_cents is above 0."""

    source: str  # callback or query
    number: str | None = None
    amount_cents: int | None = None
    paid_at: datetime | None = None
    payer: str | None = field(default=None, repr=False)


class Conclude:
    """What a report comes to, inside the unit of work that took it."""

    def __init__(self, announce: Announcer) -> None:
        self._announce = announce

    def paid(self, unit: Unit, payment: Payment, report: MoneyReport, now: datetime) -> bool:
        """Record the money once and make the payment PAID. False: nothing was credited, a person looks."""
        before = payment.status
        recorded = receipts.record(
            unit,
            payment=payment,
            number=report.number,
            amount_cents=report.amount_cents,
            paid_at=report.paid_at,
            source=report.source,
            payer=report.payer,
            now=now,
        )
        if recorded.conflict:
            self.flag(unit, payment, recorded.conflict, now)
        if recorded.receipt is None:
            return False
        if before is not PaymentStatus.PAID:
            payments.lock_child(unit, payment.student_id)
        moved = payments.move(
            unit,
            payment.id,
            PaymentStatus.PAID,
            now=now,
            announce=self._announce,
            because={"source": report.source},
            cause="paid",
        )
        if moved is not None:
            self._after_payment(unit, moved, before=before, now=now)
        if moved is None and recorded.amount_corrected:
            self._announce(unit, payment, "amount_corrected")
        elif moved is None and recorded.number_filled:
            self._announce(unit, payment, "receipt_number")
        if recorded.amount_differs:
            self.flag(unit, payment, "amount_differs", now)
        if report.source == "callback" and (report.number is None or report.amount_cents is None):
            self.flag(unit, payment, "paid_without_details", now)
        return True

    def _after_payment(self, unit: Unit, paid: Payment, *, before: PaymentStatus, now: datetime) -> None:
        """What else is true once this money is here: late news for staff, and prompts nobody needs any more."""
        payments.unflag(unit, paid.id, "expired", now)
        if before is PaymentStatus.EXPIRED:
            self.flag(unit, paid, "paid_late", now)
        elif before in {PaymentStatus.FAILED, PaymentStatus.CANCELLED}:
            self.flag(unit, paid, "corrected_to_paid", now)
        for waiting in payments.queued_like(unit, paid):
            payments.withdraw(
                unit,
                waiting.id,
                now=now,
                announce=self._announce,
                source="paid_already",
                cause="paid_already",
            )
        if payments.paid_beside(unit, paid):
            self.flag(unit, paid, "paid_twice", now)

    def move(
        self, unit: Unit, payment_id: int, verdict: outcomes.Verdict, channel: Channel, now: datetime
    ) -> Payment | None:
        """Along the edge that the verdict names; None where there is none."""
        moved = payments.move(
            unit,
            payment_id,
            verdict.to,
            now=now,
            announce=self._announce,
            because={"channel": channel.value, "code": verdict.code},
            cause="" if verdict.to is PaymentStatus.REQUESTED else verdict.entry.cause,
            outcome_channel=channel.value,
            outcome_code=verdict.code,
            retry_after_s=verdict.entry.retry_after_s,
            reached_mpesa=verdict.reached_mpesa,
        )
        if moved is not None:
            payments.unflag(unit, payment_id, "expired", now)
        return moved

    def expire(self, unit: Unit, payment_id: int, now: datetime) -> None:
        """Nobody could tell for a day: a person looks."""
        expired = payments.move(
            unit,
            payment_id,
            PaymentStatus.EXPIRED,
            now=now,
            announce=self._announce,
            because={"source": "silence"},
            cause="silence",
        )
        if expired is not None:
            self.flag(unit, expired, "expired", now)

    def tell(self, unit: Unit, payment: Payment, event: str) -> None:
        """News of a payment that moves no status."""
        self._announce(unit, payment, event)

    def flag(self, unit: Unit, payment: Payment, reason: str, now: datetime) -> None:
        """A person is needed: on the desk, and told to staff, once for each reason."""
        if payments.flag(unit, payment.id, reason, now):
            self._announce.staff(unit, reason, payment)

    def flag_body(self, unit: Unit, payment: Payment, item_id: int, reason: str) -> None:
        """A kept report that could not be applied: staff hear of it; the inbox holds it."""
        self._announce.staff(unit, reason, payment, ref=f"inbox:{item_id}")
