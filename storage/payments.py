"""Payments, whole: the row and its one door, its history, its concerns, its work, its finders."""

from __future__ import annotations

from storage.claims import Claim, add_claim, claimed_code, find_claim
from storage.payment_concerns import concerns_of, flag, unflag
from storage.payment_door import (
    CHANGEABLE,
    Announce,
    change,
    checkout_of,
    create,
    get,
    move,
    phone_of,
    withdraw,
)
from storage.payment_events import PaymentEvent, events_of, remark
from storage.payment_finders import (
    RecentPush,
    by_checkout,
    by_token,
    count_to,
    lock_child,
    locked,
    open_for_chat,
    open_for_students,
    paid_beside,
    queued_like,
    recent_for_chat,
    recent_pushes,
    same_checkout,
)
from storage.payment_gaps import AFTER_LOCK, SAME_AMOUNT, put_off
from storage.payment_rows import PAYMENTS, Payment
from storage.payment_work import (
    BLOCK,
    FIRST_CHECK,
    TOO_LATE,
    Claimed,
    ask_at,
    blocks_over,
    claim_check,
    claim_push,
    due_checks,
    due_pushes,
    lapsed_sending,
    note_checkout,
    overdue_queued,
    release_phone,
)

__all__ = [
    "AFTER_LOCK", "BLOCK", "CHANGEABLE", "FIRST_CHECK", "PAYMENTS", "SAME_AMOUNT", "TOO_LATE", "Announce", "Claim",
    "Claimed", "Payment", "PaymentEvent", "RecentPush", "add_claim", "ask_at", "blocks_over", "by_checkout", "by_token",
    "change", "checkout_of", "claim_check", "claim_push", "claimed_code", "concerns_of", "count_to", "create",
    "due_checks", "due_pushes", "events_of", "find_claim", "flag", "get", "lapsed_sending", "lock_child", "locked",
    "move", "note_checkout", "open_for_chat", "open_for_students", "overdue_queued", "paid_beside",
    "phone_of", "put_off", "queued_like", "recent_for_chat", "recent_pushes", "release_phone", "remark",
    "same_checkout", "unflag", "withdraw",
]  # fmt: skip
