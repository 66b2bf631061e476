"""Load the frozen view a conversation step may look at, in the same unit of work as the step."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.dialogue import named_payment
from bot.dialogue.events import Command, Event, SharedContact
from bot.dialogue.state import At, State
from bot.dialogue.view import ArrearsView, ChildView, PaymentView, PushView, View
from bot.services import attend, lookup
from bot.services.school import School
from daraja import BadPhone, parse_phone
from storage import ledger, lines, payments, people, receipts, reminders
from storage.payments import Payment
from storage.people import Chat, Student
from storage.unit import Unit

RECENT = 5


def load_view(
    unit: Unit, school: School, chat: Chat, state: State, event: Event | None, now: datetime
) -> View:
    """Who is asking, their children, balances and payments, and whatever this very event asks for."""
    guardian = people.get_guardian(unit, chat.guardian_id) if chat.guardian_id else None
    staff = people.staff_of_chat(unit, chat.id)
    children = people.children_of(unit, guardian.id) if guardian else []
    own_phone = people.guardian_phone(unit, guardian) if guardian else None
    recent = [payment_view(unit, row) for row in payments.recent_for_chat(unit, chat.id, RECENT)]
    open_rows = [payment_view(unit, row) for row in payments.open_for_chat(unit, chat.id)]
    of_children = payments.open_for_students(unit, [child.id for child in children])
    elsewhere = [payment_view(unit, row) for row in of_children if row.chat_id != chat.id]
    role = staff.role if staff else None
    named = _named_payment(unit, chat, state, event)
    phones = (own_phone, state.phone, named.phone if named else None)
    return View(
        now=now,
        chat_ref=f"{chat.channel}:{chat.id}",
        school=school.view(),
        language=chat.language,
        guardian_name=guardian.name if guardian else None,
        own_phone=own_phone,
        role=role,
        children=child_views(unit, children),
        open_payments=tuple(open_rows),
        elsewhere=tuple(elsewhere),
        recent_payments=tuple(recent),
        payment=named,
        line_down_since=lines.down_since(unit, school.id),
        recent_pushes=_recent_pushes(unit, phones, now),
        **_answers(unit, school, event, state, role, now),
    )


def child_views(unit: Unit, children: list[Student]) -> tuple[ChildView, ...]:
    """Children with what is owed for each, in one look at the ledger."""
    balances = ledger.balances(unit, [child.id for child in children])
    return tuple(
        ChildView(
            id=child.id,
            name=child.name,
            class_name=child.class_name,
            admission_number=child.admission_number,
            balance_cents=balances.get(child.id, 0),
        )
        for child in children
    )


def payment_view(unit: Unit, payment: Payment) -> PaymentView:
    """One payment as its payer may know it."""
    receipt = receipts.of_payment(unit, payment.id)
    student = people.get_student(unit, payment.student_id)
    return PaymentView(
        id=payment.id,
        child_id=payment.student_id,
        child_name=student.name,
        amount_cents=payment.amount_cents,
        phone=payments.phone_of(unit, payment),
        status=payment.status,
        created_at=payment.created_at,
        push_at=payment.push_at,
        pushed_at=payment.pushed_at,
        blocked_until=payment.blocked_until if payment.holds_phone else None,
        cause=payment.cause,
        retry_after_s=payment.retry_after_s,
        settled_at=payment.settled_at,
        receipt_number=receipt.number if receipt else None,
        paid_at=receipt.paid_at if receipt else None,
        received_cents=receipt.amount_cents if receipt else None,
        has_checkout_id=payment.checkout_hash is not None,
        reached_mpesa=payment.reached_mpesa,
        claimed_code=payments.claimed_code(unit, payment.id),
    )


def _named_payment(unit: Unit, chat: Chat, state: State, event: Event | None) -> PaymentView | None:
    named = state.payment_id if event is None else named_payment(state, event)
    if named is None:
        return None
    row = payments.get(unit, named)
    return payment_view(unit, row) if row is not None and row.chat_id == chat.id else None


def _recent_pushes(unit: Unit, any_of: tuple[str | None, ...], now: datetime) -> tuple[PushView, ...]:
    phones = [phone for phone in dict.fromkeys(any_of) if phone]
    return tuple(
        PushView(push.phone, push.amount_cents, push.pushed_at, push.holding_until, push.locked_until)
        for push in payments.recent_pushes(unit, phones, now)
    )


def _answers(
    unit: Unit, school: School, event: Event | None, state: State, role: str | None, now: datetime
) -> dict[str, Any]:
    if isinstance(event, SharedContact):
        return {"matched_guardian_id": _match(unit, school, event)}
    if isinstance(event, Command) and event.name == "start" and event.argument:
        return {"invite": people.invite_state(unit, school.id, event.argument, now)}
    if isinstance(event, Command) and event.name == "receipt" and role:
        return {"finding": lookup.finding(unit, school.id, event.argument)}
    if isinstance(event, Command) and event.name == "attention" and role:
        return {"attention": attend.views(unit, school.id)}
    if role == "admin" and (state.at is At.REMIND or (isinstance(event, Command) and event.name == "remind")):
        return {"arrears": _arrears(unit, school)}
    return {}


def _arrears(unit: Unit, school: School) -> ArrearsView:
    found = reminders.arrears(unit, school.id)
    return ArrearsView(
        found.families,
        found.children,
        found.total_cents,
        found.unreachable,
        found.sample,
        reminders.last_started(unit, school.id),
    )


def _match(unit: Unit, school: School, event: SharedContact) -> int | None:
    if not event.own:
        return None
    try:
        phone = parse_phone(event.phone)
    except BadPhone:
        return None
    guardian = people.find_guardian_by_phone(unit, school.id, phone)
    return guardian.id if guardian else None
