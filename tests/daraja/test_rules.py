"""M-PESA's rules before sending: pure, and with the memory of a careful client."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daraja import AnswerLost, BadRequest, NeverSent, PushRules, Refused, StkPush, TooSoon
from daraja.rules import RecentPushes, check_prompt_text, prompt_text, wait_s
from tests.daraja.host import CALLBACK_URL, NOW, PHONE, tell_tales

OTHER_PHONE = "254798765432"


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def a_push(**changes: Any) -> StkPush:
    fields: dict[str, Any] = {
        "shortcode": "174379",
        "party_b": "174379",
        "transaction_type": "CustomerPayBillOnline",
        "amount_kes": 1500,
        "party_a": PHONE,
        "phone_number": PHONE,
        "callback_url": CALLBACK_URL,
        "account_reference": "ADM104224",
        "transaction_desc": "School fees",
    }
    return StkPush(**(fields | changes))


def memory(watch: Watch, **rules: Any) -> RecentPushes:
    return RecentPushes(PushRules(**rules), watch)


def sent(recent: RecentPushes, error: BaseException | None = None, **changes: Any) -> None:
    """A push, accepted or ended by `error`."""
    with suppress(*(type(error),) if error is not None else ()), recent.sending(a_push(**changes)):
        if error is not None:
            raise error


def refused(cause: str) -> Refused:
    return Refused(code="500.001.1001", message="no", http_status=500, cause=cause)


def wait_of(recent: RecentPushes, **changes: Any) -> int:
    """Seconds that the rules ask for; 0 when they let it go."""
    try:
        recent.check(a_push(**changes))
    except TooSoon as soon:
        return soon.retry_after_s or -1
    return 0


@pytest.mark.parametrize(
    ("passed_s", "left_s"), [(0, 120), (0.4, 120), (1, 119), (119.5, 1), (120, 0), (3600, 0), (-50, 120)]
)
def test_the_wait_is_in_whole_seconds_and_never_longer_than_the_rest(passed_s: float, left_s: int) -> None:
    assert wait_s(NOW, NOW + timedelta(seconds=passed_s), 120) == left_s
    assert wait_s(None, NOW, 120) == 0


def test_the_same_amount_from_the_same_payer_waits_two_minutes() -> None:
    watch = Watch()
    recent = memory(watch)
    sent(recent)
    watch.pass_by(33.2)
    assert wait_of(recent) == 87
    assert wait_of(recent, amount_kes=1501) == 0
    assert wait_of(recent, party_a=OTHER_PHONE, phone_number=OTHER_PHONE) == 0
    watch.pass_by(86.8)
    assert wait_of(recent) == 0


def test_the_two_minutes_count_from_when_mpesa_took_the_push() -> None:
    watch = Watch()
    recent = memory(watch)
    with recent.sending(a_push()):
        watch.pass_by(20)
    watch.pass_by(100)
    assert wait_of(recent) == 20


@pytest.mark.parametrize("error", [NeverSent("no connection"), refused("wrong_credentials")])
def test_what_surely_started_nothing_may_be_sent_again_at_once(error: Exception) -> None:
    recent = memory(Watch())
    sent(recent, error)
    assert wait_of(recent) == 0


@pytest.mark.parametrize("error", [AnswerLost("no answer"), asyncio.CancelledError()])
def test_what_may_have_started_something_counts_as_sent(error: BaseException) -> None:
    recent = memory(Watch())
    sent(recent, error)
    assert wait_of(recent) == 120


def test_a_phone_that_was_busy_rests_a_minute_whatever_the_amount() -> None:
    watch = Watch()
    recent = memory(watch)
    sent(recent, refused("subscriber_locked"))
    assert wait_of(recent) == wait_of(recent, amount_kes=1) == 60
    assert wait_of(recent, party_a=OTHER_PHONE, phone_number=OTHER_PHONE) == 0
    with pytest.raises(TooSoon, match="wait 60 seconds") as caught:
        recent.check(a_push())
    assert caught.value.cause == "subscriber_locked"
    assert (caught.value.money_may_have_moved, caught.value.safe_to_retry) == (False, True)
    assert tell_tales(caught.value) == []
    watch.pass_by(60)
    assert wait_of(recent) == 0


def test_while_one_is_being_sent_the_same_is_refused() -> None:
    recent = memory(Watch())
    with recent.sending(a_push()), pytest.raises(TooSoon), recent.sending(a_push()):
        raise AssertionError("sent twice at once")


def test_a_rule_of_no_seconds_is_off() -> None:
    recent = memory(Watch(), same_amount_s=0, locked_s=0)
    sent(recent)
    sent(recent, refused("subscriber_locked"))
    assert wait_of(recent) == 0


def test_the_memory_is_bounded_and_forgets_the_oldest_first() -> None:
    watch = Watch()
    recent = memory(watch, remembered=3)
    for amount in (1, 2, 3, 4):
        sent(recent, amount_kes=amount)
        watch.pass_by(1)
    assert [wait_of(recent, amount_kes=amount) for amount in (1, 2, 3, 4)] == [0, 117, 118, 119]
    watch.pass_by(300)
    sent(recent, amount_kes=5)
    assert len(recent._asked) == 1  # what is over is not kept


def test_no_phone_is_kept() -> None:
    watch = Watch()
    one, other = memory(watch), memory(watch)
    for recent in (one, other):
        sent(recent)
        sent(recent, refused("subscriber_locked"), amount_kes=7)
    kept = f"{vars(one)} {one._asked} {one._locked}"
    assert PHONE not in kept
    assert PHONE[3:] not in kept
    assert one._asked.keys().isdisjoint(other._asked.keys())  # each has a key of its own


@pytest.mark.parametrize(("length", "fits"), [(182, True), (183, False)])
def test_a_prompt_holds_182_characters(length: int, fits: bool) -> None:
    name = "x" * (length - len(prompt_text(250_000, "", "ADM104224")))
    if fits:
        check_prompt_text(250_000, name, "ADM104224")
        memory(Watch(), business_name=name).check(a_push(amount_kes=250_000))
        return
    with pytest.raises(BadRequest, match="1 characters too long") as caught:
        check_prompt_text(250_000, name, "ADM104224")
    assert caught.value.field == "AccountReference"
    with pytest.raises(BadRequest, match="1 characters too long"):
        memory(Watch(), business_name=name).check(a_push(amount_kes=250_000))


@given(
    st.lists(st.tuples(st.sampled_from([1, 2, 3]), st.sampled_from([0, 1, 59, 60, 119, 120])), max_size=30)
)
def test_no_amount_ever_leaves_twice_within_two_minutes(steps: list[tuple[int, int]]) -> None:
    watch = Watch()
    recent, left = memory(watch), dict[int, datetime]()
    for amount, pause_s in steps:
        watch.pass_by(pause_s)
        if not wait_of(recent, amount_kes=amount):
            assert watch.at - left.get(amount, datetime.min.replace(tzinfo=UTC)) >= timedelta(minutes=2)
            sent(recent, amount_kes=amount)
            left[amount] = watch.at
        else:
            assert watch.at - left[amount] < timedelta(minutes=2)
