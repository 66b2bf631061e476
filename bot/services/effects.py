"""What a step asked for becomes rows, in the unit of work of that step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.dialogue.effects import (
    AskDoctor,
    CheckNow,
    ClaimCode,
    Effect,
    Link,
    SetLanguage,
    StartCampaign,
    StartPayment,
    UseInvite,
    Withdraw,
)
from bot.dialogue.screen import Screen, say
from bot.dialogue.state import State
from bot.services import line_gate
from bot.services.announce import Announcer, message_body
from bot.services.school import School
from storage import audit, outbox, payments, people, reminders
from storage.payment_state import PaymentStatus
from storage.payments import Payment
from storage.people import Chat
from storage.unit import Unit


@dataclass(slots=True)
class Turn:
    """One step being taken. pushes and checks: payments to push or to ask about once it is on disk; doctor: whether
    this chat is to hear what the doctor finds.
    """

    unit: Unit
    chat: Chat
    state: State
    now: datetime
    pushes: list[int] = field(default_factory=list)
    checks: list[int] = field(default_factory=list)
    doctor: bool = False


def _the_reply_tells(_unit: Unit, _payment: Payment, _event: str) -> None:
    """The screen that answers this very tap says it."""


class Effects:
    """The table of effects; each checks again that this chat may do it."""

    def __init__(self, school: School, announce: Announcer) -> None:
        self._school = school
        self._announce = announce
        self._table: dict[type, Callable[[Turn, Effect], None]] = {
            SetLanguage: self._set_language,
            Link: self._link,
            StartPayment: self._start_payment,
            Withdraw: self._withdraw,
            CheckNow: self._check_now,
            ClaimCode: self._claim_code,
            UseInvite: self._use_invite,
            StartCampaign: self._start_campaign,
            AskDoctor: self._ask_doctor,
        }

    def apply(self, turn: Turn, effect: Effect) -> None:
        """Turn one effect into rows."""
        self._table[type(effect)](turn, effect)

    def _set_language(self, turn: Turn, effect: Effect) -> None:
        assert isinstance(effect, SetLanguage)
        people.set_language(turn.unit, turn.chat.id, effect.language)

    def _link(self, turn: Turn, effect: Effect) -> None:
        assert isinstance(effect, Link)
        people.link(turn.unit, chat_id=turn.chat.id, guardian_id=effect.guardian_id, now=turn.now)
        audit.record(
            turn.unit,
            school_id=self._school.id,
            actor=f"chat:{turn.chat.id}",
            action="link",
            subject=f"guardian:{effect.guardian_id}",
            now=turn.now,
        )

    def _start_payment(self, turn: Turn, effect: Effect) -> None:
        assert isinstance(effect, StartPayment)
        if effect.child_id not in {
            child.id for child in people.children_of(turn.unit, turn.chat.guardian_id or 0)
        }:
            message = "a step asked for a child that is not this guardian's"
            raise PermissionError(message)
        student = people.get_student(turn.unit, effect.child_id)
        payment, created = payments.create(
            turn.unit,
            school_id=self._school.id,
            intent_id=effect.intent_id,
            chat_id=turn.chat.id,
            guardian_id=turn.chat.guardian_id,
            student_id=student.id,
            amount_cents=effect.amount_cents,
            phone=effect.phone,
            account_reference=student.account_reference,
            shortcode=self._school.shortcode,
            party_b=self._school.party_b,
            transaction_type=self._school.transaction_type,
            push_at=turn.now + timedelta(seconds=effect.wait_s),
            now=turn.now,
        )
        turn.state = replace(turn.state, payment_id=payment.id)
        if not created:
            return
        if not line_gate.lets_through(turn.unit, self._school.id, turn.now, take=False):
            line_gate.hold_back(turn.unit, payment.id, _the_reply_tells, turn.now)
        elif effect.wait_s == 0:
            turn.pushes.append(payment.id)

    def _withdraw(self, turn: Turn, effect: Effect) -> None:
        assert isinstance(effect, Withdraw)
        payment = payments.get(turn.unit, effect.payment_id)
        if payment is None or payment.chat_id != turn.chat.id:
            return
        payments.withdraw(
            turn.unit,
            payment.id,
            now=turn.now,
            announce=_the_reply_tells,
            source="parent",
            cause="withdrawn",
        )

    def _check_now(self, turn: Turn, effect: Effect) -> None:
        assert isinstance(effect, CheckNow)
        payment = payments.get(turn.unit, effect.payment_id)
        if payment is not None and payment.chat_id == turn.chat.id and payment.status != PaymentStatus.PAID:
            turn.checks.append(payment.id)

    def _claim_code(self, turn: Turn, effect: Effect) -> None:
        assert isinstance(effect, ClaimCode)
        payment = payments.get(turn.unit, effect.payment_id) if effect.payment_id else None
        mine = payment is not None and payment.chat_id == turn.chat.id
        claim_id = payments.add_claim(
            turn.unit,
            school_id=self._school.id,
            chat_id=turn.chat.id,
            payment_id=payment.id if payment is not None and mine else None,
            code=effect.code,
            now=turn.now,
        )
        if claim_id is not None and payment is not None and mine:
            self._announce.staff(turn.unit, "claimed", payment, ref=f"claim:{claim_id}", code=effect.code)

    def _use_invite(self, turn: Turn, effect: Effect) -> None:
        assert isinstance(effect, UseInvite)
        member = people.use_invite(
            turn.unit, school_id=self._school.id, code=effect.code, chat_id=turn.chat.id, now=turn.now
        )
        if member is None:
            return
        screen = Screen((say("staff.joined", name=member.name, role_key=f"role.{member.role}"),), notice=True)
        for admin in people.admins(turn.unit, self._school.id):
            if admin.chat_id is not None and admin.chat_id != turn.chat.id:
                outbox.add(
                    turn.unit,
                    school_id=self._school.id,
                    chat_id=admin.chat_id,
                    kind="receipt",
                    body=message_body(screen, State()),
                    dedupe_key=f"staff-joined:{member.id}:{admin.chat_id}",
                    now=turn.now,
                )

    def _start_campaign(self, turn: Turn, effect: Effect) -> None:
        assert isinstance(effect, StartCampaign)
        reminders.start(
            turn.unit,
            school_id=self._school.id,
            intent_id=effect.intent_id,
            admin_chat_id=turn.chat.id,
            now=turn.now,
        )

    def _ask_doctor(self, turn: Turn, effect: Effect) -> None:
        assert isinstance(effect, AskDoctor)
        member = people.staff_of_chat(turn.unit, turn.chat.id)
        turn.doctor = member is not None and member.role == "admin"
