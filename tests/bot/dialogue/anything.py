"""Whatever can stand in a view, a state or an event, for tests that hold on any of them."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from bot.dialogue.actions import ACTIONS
from bot.dialogue.events import Command, Event, PaymentNews, SharedContact, Tapped, Typed, Unreadable
from bot.dialogue.outcomes import ACTIONS as CAUSES
from bot.dialogue.state import At, State
from bot.dialogue.view import (
    ArrearsView,
    AttentionView,
    ChildView,
    FindingView,
    PaymentView,
    PushView,
    SchoolView,
    View,
)
from storage.payment_state import TRANSITIONS, PaymentStatus
from tests.bot.dialogue.talk import NOW, OTHER, OWN

NAMES = ("Zawadi {x}", "Baraka %s", "Neema 10", "Imani Ünï")
NOTICES = ("held", "put_off", "still_unknown", "unclear", "checked", "receipt_number", "claimed", "nonsense")

phones = st.sampled_from([OWN, OTHER, "254799000001"])
bad_phones = st.sampled_from([None, "", "0712", "2547", "254212345678", "25471234545x"])
ids = st.integers(1, 4)
amounts = st.sampled_from([100, 1_500_00, 250_000_00])
odd_amounts = st.sampled_from([None, 0, -100, 150, 250_001_00])
moments = st.integers(-90_000, 600).map(lambda s: NOW + timedelta(seconds=s))
maybe_moments = st.none() | moments

children = st.builds(
    ChildView,
    id=ids,
    name=st.sampled_from(NAMES),
    class_name=st.sampled_from(["Grade 4", "Form 2 North"]),
    admission_number=st.just("ADM/1042/24"),
    balance_cents=st.sampled_from([-500_00, 0, 1, 1_500_00, 1_499_99, 250_000_00, 250_000_01, 600_000_00]),
)
payments = st.builds(
    PaymentView,
    id=ids,
    child_id=ids,
    child_name=st.sampled_from(NAMES),
    amount_cents=amounts,
    phone=phones,
    status=st.sampled_from([status.value for status in PaymentStatus]),
    created_at=moments,
    push_at=moments,
    pushed_at=maybe_moments,
    blocked_until=maybe_moments,
    cause=st.sampled_from(["", "never heard of", *CAUSES]),
    retry_after_s=st.none() | st.sampled_from([0, 60, 86_400]),
    settled_at=maybe_moments,
    receipt_number=st.none() | st.just("UKM7A1B2C3"),
    paid_at=maybe_moments,
    received_cents=st.none() | amounts,
    has_checkout_id=st.booleans(),
    reached_mpesa=st.booleans(),
    claimed_code=st.none() | st.just("UKM7A1B2C9"),
)
pushes = st.builds(
    PushView,
    phone=phones,
    amount_cents=amounts,
    pushed_at=moments,
    holding_until=maybe_moments,
    locked_until=maybe_moments,
)
schools = st.builds(
    SchoolView,
    name=st.just("Mwangaza Academy"),
    contact=st.just("0700 111 222"),
    pay_number=st.just("400200"),
    is_till=st.booleans(),
    sandbox=st.booleans(),
)
findings = st.builds(
    FindingView,
    code=st.just("UKM7A1B2C3"),
    verdict=st.sampled_from(["genuine", "pending", "claimed", "suspense", "not_ours", "not_a_code", "x"]),
    amount_cents=st.none() | amounts,
    paid_at=maybe_moments,
)
views = st.builds(
    View,
    now=st.just(NOW),
    chat_ref=st.just("telegram:7"),
    school=schools,
    language=st.sampled_from([None, "en", "sw"]),
    guardian_name=st.sampled_from([None, "Mary", "Mary"]),
    own_phone=st.one_of(phones, bad_phones),
    role=st.sampled_from([None, None, "staff", "admin"]),
    children=st.lists(children, max_size=3, unique_by=lambda child: child.id).map(tuple),
    open_payments=st.lists(payments, max_size=2, unique_by=lambda known: known.id).map(tuple),
    recent_payments=st.lists(payments, max_size=4, unique_by=lambda known: known.id).map(tuple),
    payment=st.none() | payments,
    recent_pushes=st.lists(pushes, max_size=2).map(tuple),
    line_down_since=maybe_moments,
    matched_guardian_id=st.none() | ids,
    invite=st.sampled_from([None, "good", "used", "expired", "unknown"]),
    finding=st.none() | findings,
    arrears=st.none() | st.just(ArrearsView(2, 3, 500_00, 1)) | st.just(ArrearsView(0, 0, 0, 1)),
    attention=st.none() | st.just((AttentionView("payment:17", "expired", NOW, 100_00),) * 9),
)
states = st.builds(
    State,
    at=st.sampled_from(list(At)),
    version=st.integers(0, 9),
    child_id=st.none() | ids,
    amount_cents=st.one_of(amounts, odd_amounts),
    phone=st.one_of(phones, bad_phones),
    payment_id=st.none() | ids,
    second_allowed=st.booleans(),
)
SAID = (
    "1|2|3|0|9|menu|ghairi|help|pay|lipa|yes|ndiyo|all|?|try again|check now|zawadi|"
    "1500|1.5k|250001|0712345456|+254 110-222333|0799|UKM7A1B2C3"
)
typed = st.sampled_from(["", *SAID.split("|")]) | st.text(max_size=30)
keys = st.builds(
    lambda verb, about: f"{verb}:{about}" if about else verb,
    st.sampled_from([*ACTIONS, "nonsense"]),
    st.sampled_from(["", "1", "2", "3", "x", "99999999999999999999"]),
)
commands = st.builds(
    Command,
    st.sampled_from(["start", "pay", "balance", "payments", "language", "help", "cancel", "menu"])
    | st.sampled_from(["receipt", "attention", "remind", "doctor", "settings"]),
    st.sampled_from(["", "c0de"]),
)
news_of = st.builds(PaymentNews, ids, st.sampled_from([*sorted(set(TRANSITIONS.values())), *NOTICES]))
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Typed, typed),
    st.builds(Tapped, keys, st.none() | st.integers(0, 12)),
    commands,
    st.builds(SharedContact, st.one_of(phones, st.just("nonsense")), st.booleans()),
    st.just(Unreadable()),
    news_of,
)
