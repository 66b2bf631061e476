"""Rows to begin with: a school, a guardian with children and a chat, a payment. Each takes a Unit and
writes for real.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from storage import chats, ledger, outbox, payments, people, schools
from storage.payment_state import PaymentStatus
from storage.payments import Payment
from storage.people import Chat, Guardian, StaffMember, Student
from storage.unit import Unit

S = PaymentStatus

NOON = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)  #: noon in Nairobi
PHONE = "254712345456"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Family:
    """A guardian with a linked chat, and the children."""

    guardian: Guardian
    chat: Chat
    children: tuple[Student, ...]
    phone: str

    @property
    def child(self) -> Student:
        """The first child."""
        return self.children[0]


def a_school(unit: Unit, *, name: str = "Uhuru Academy", now: datetime = NOON) -> int:
    """The school's id."""
    return schools.ensure(unit, name, "020 123 456", now)


def a_student(
    unit: Unit,
    school_id: int,
    *,
    admission_number: str | None = None,
    name: str = "Achieng",
    class_name: str = "Grade 4",
    owes_cents: int = 0,
    now: datetime = NOON,
) -> Student:
    """A child, with an opening balance where one is given."""
    number = admission_number or f"9{next(_numbers):05}"
    student, _ = people.save_student(
        unit,
        school_id=school_id,
        admission_number=number,
        name=name,
        class_name=class_name,
        account_reference=number,
        now=now,
    )
    ledger.post_opening(unit, school_id=school_id, student_id=student.id, amount_cents=owes_cents, now=now)
    return student


def a_guardian_with_children(
    unit: Unit,
    school_id: int,
    *,
    phone: str | None = None,
    name: str = "Mama Achieng",
    children: Sequence[str] = ("Achieng",),
    owes_cents: int = 15_000_00,
    language: str = "en",
    address: str | None = None,
    now: datetime = NOON,
) -> Family:
    """A guardian whose chat is linked, with children who each owe the same."""
    phone = phone or f"2547{next(_numbers):08}"
    guardian, _ = people.save_guardian(unit, school_id=school_id, name=name, phone=phone, now=now)
    students = tuple(
        a_student(unit, school_id, name=child, owes_cents=owes_cents, now=now) for child in children
    )
    for student in students:
        people.entrust(unit, school_id=school_id, guardian_id=guardian.id, student_id=student.id, now=now)
    chat = a_chat(unit, school_id, address=address, language=language, now=now)
    chats.link(unit, chat_id=chat.id, guardian_id=guardian.id, now=now)
    return Family(guardian, chat, students, phone)


def a_chat(
    unit: Unit, school_id: int, *, address: str | None = None, language: str = "en", now: datetime = NOON
) -> Chat:
    """A chat that is linked to nobody. Without an address it gets one that no test names."""
    address = address or f"9{next(_numbers):09}"
    chat = chats.open_chat(unit, school_id=school_id, channel="telegram", address=address, now=now)
    chats.set_language(unit, chat.id, language)
    return chat


def a_staff_member(
    unit: Unit, school_id: int, *, role: str = "staff", name: str = "Bursar", now: datetime = NOON
) -> tuple[StaffMember, Chat]:
    """A member whose link was used, and their chat."""
    chat = a_chat(unit, school_id, now=now)
    member = people.add_staff(unit, school_id, name, role, now)
    code = f"code-{next(_numbers)}"
    people.add_invite(unit, school_id, member.id, code, now + timedelta(hours=24), now)
    seated = people.use_invite(unit, school_id=school_id, code=code, chat_id=chat.id, now=now)
    assert seated is not None
    return seated, chat


def announce(unit: Unit, payment: Payment, event: str) -> None:
    """An Announce that queues what `karo check` looks for, and nothing else."""
    outbox.add(
        unit,
        school_id=payment.school_id,
        chat_id=payment.chat_id,
        kind="receipt",
        body={"event": event},
        dedupe_key=outbox.announcement_key(payment.id, event),
        now=payment.updated_at,
    )


def a_payment(
    unit: Unit,
    family: Family,
    *,
    child: Student | None = None,
    amount_cents: int = 1_500_00,
    phone: str | None = None,
    intent_id: str | None = None,
    push_at: datetime | None = None,
    now: datetime = NOON,
) -> Payment:
    """A QUEUED payment."""
    student = child or family.child
    payment, is_new = payments.create(
        unit,
        school_id=student.school_id,
        intent_id=intent_id or f"{family.chat.id}:{next(_numbers)}",
        chat_id=family.chat.id,
        guardian_id=family.guardian.id,
        student_id=student.id,
        amount_cents=amount_cents,
        phone=phone or family.phone,
        account_reference=student.account_reference,
        shortcode="174379",
        party_b="174379",
        transaction_type="CustomerPayBillOnline",
        push_at=push_at or now,
        now=now,
    )
    assert is_new
    return payment


def a_sent_payment(
    unit: Unit,
    family: Family,
    *,
    token: str | None = None,
    checkout_id: str | None = None,
    amount_cents: int = 1_500_00,
    now: datetime = NOON,
) -> Payment:
    """A payment whose prompt M-PESA accepted: REQUESTED."""
    payment = a_payment(unit, family, amount_cents=amount_cents, now=now)
    token = token or f"{next(_numbers):032x}"
    claimed = payments.claim_push(unit, payment.id, token=token, now=now, lease_s=120, announce=announce)
    assert claimed is not None
    checkout_id = checkout_id or f"ws_CO_{next(_numbers):09}"
    payments.note_checkout(unit, payment.id, f"merchant-{payment.id}", checkout_id, now)
    moved = payments.move(unit, payment.id, S.REQUESTED, now=now, announce=announce)
    assert moved is not None
    return moved


def a_payment_in(unit: Unit, family: Family, status: PaymentStatus, *, now: datetime = NOON) -> Payment:
    """A payment led to that status by the shortest way. PAID and REVERSED come without a receipt."""
    ways: dict[PaymentStatus, tuple[PaymentStatus, ...]] = {
        S.QUEUED: (),
        S.SENDING: (S.SENDING,),
        S.REQUESTED: (S.SENDING, S.REQUESTED),
        S.UNCERTAIN: (S.SENDING, S.UNCERTAIN),
        S.PAID: (S.SENDING, S.PAID),
        S.FAILED: (S.SENDING, S.FAILED),
        S.CANCELLED: (S.CANCELLED,),
        S.EXPIRED: (S.SENDING, S.REQUESTED, S.EXPIRED),
        S.REVERSED: (S.SENDING, S.PAID, S.REVERSED),
    }
    payment = a_payment(unit, family, now=now)
    for step in ways[status]:
        take_step(unit, payment.id, step, now=now)
    led = payments.get(unit, payment.id)
    assert led is not None
    return led


def take_step(unit: Unit, payment_id: int, to: PaymentStatus, *, now: datetime = NOON) -> Payment | None:
    """One move; to SENDING by the only way there is."""
    if to is not S.SENDING:
        return payments.move(unit, payment_id, to, now=now, announce=announce)
    token = f"{next(_numbers):032x}"
    claimed = payments.claim_push(unit, payment_id, token=token, now=now, lease_s=120, announce=announce)
    return None if claimed is None else payments.get(unit, payment_id)
