"""A frozen snapshot of what a step may look at: services load it in the same unit of work as the step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SchoolView:
    """`pay_number` is what a parent types by hand: the PayBill, or the till when `is_till`."""

    name: str
    contact: str
    pay_number: str
    is_till: bool = False
    sandbox: bool = False
    callbacks: bool = True  # False: no PUBLIC_URL, outcomes are asked for


@dataclass(frozen=True, slots=True)
class ChildView:
    """balance_cents: positive is owed, negative is credit."""

    id: int
    name: str
    class_name: str
    admission_number: str
    balance_cents: int


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One payment as its payer may know it.

    status: a PaymentStatus value. cause: a catalogue cause, withdrawn, waited_too_long, or "" while none.
    phone: 254 and 9 digits. blocked_until: no second prompt to that phone before it; None: nothing holds it.
    """

    id: int
    child_id: int
    child_name: str
    amount_cents: int
    phone: str
    status: str
    created_at: datetime
    push_at: datetime
    pushed_at: datetime | None = None
    blocked_until: datetime | None = None
    cause: str = ""
    retry_after_s: int | None = (
        None  # the catalogue's wait before trying again; None: trying again does not help
    )
    settled_at: datetime | None = None
    receipt_number: str | None = None
    paid_at: datetime | None = None
    received_cents: int | None = None
    has_checkout_id: bool = False
    reached_mpesa: bool = True  # False: surely nothing was sent
    claimed_code: str | None = None


@dataclass(frozen=True, slots=True)
class PushView:
    """A push of the last five minutes to a phone of this chat, for the 2-minute and one-prompt rules."""

    phone: str
    amount_cents: int
    pushed_at: datetime
    holding_until: datetime | None  # set while a prompt may still be open there
    locked_until: datetime | None = None  # M-PESA could not lock that phone for it: no prompt there before


@dataclass(frozen=True, slots=True)
class FindingView:
    """What staff may know of a receipt code.

    verdict: genuine, pending, claimed, suspense, not_ours, not_a_code; or unknown: not in the books by its
    number, while `unnumbered` paid payments have no number yet.
    """

    code: str
    verdict: str
    amount_cents: int | None = None
    child_name: str = ""
    admission_number: str = ""
    paid_at: datetime | None = None
    payer: str = ""  # masked
    unnumbered: int = 0


@dataclass(frozen=True, slots=True)
class ArrearsView:
    """Whom a reminder would reach. sample: at most three (guardian, child, balance in cents)."""

    families: int
    children: int
    total_cents: int
    unreachable: int
    sample: tuple[tuple[str, str, int], ...] = ()
    last_at: datetime | None = None  # when reminders went out before


@dataclass(frozen=True, slots=True)
class AttentionView:
    """One thing that waits for a person. what: a text key suffix under attention.*; code: the one claimed."""

    ref: str
    what: str
    since_at: datetime
    amount_cents: int | None = None
    child_name: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """Everything a step may see. The last block answers what this very event asked for, else None."""

    now: datetime
    chat_ref: str  # stable name of the chat, the first half of every intent_id
    school: SchoolView
    language: str | None = None
    guardian_name: str | None = None
    own_phone: str | None = None
    role: str | None = None  # staff or admin
    children: tuple[ChildView, ...] = ()
    open_payments: tuple[PaymentView, ...] = ()
    elsewhere: tuple[
        PaymentView, ...
    ] = ()  # open ones of these children, begun in other chats: facts, no buttons
    recent_payments: tuple[PaymentView, ...] = ()  # newest first, at most five, open ones included
    payment: PaymentView | None = None  # the one the state or the event names
    recent_pushes: tuple[PushView, ...] = ()
    line_down_since: datetime | None = None  # the school's M-PESA line: no prompt is sent while it is down

    matched_guardian_id: int | None = None  # for SharedContact
    invite: str | None = None  # for /start CODE: good, used, expired or unknown
    finding: FindingView | None = None  # for /receipt
    arrears: ArrearsView | None = None  # for /remind and the step REMIND
    attention: tuple[AttentionView, ...] | None = None  # for /attention
