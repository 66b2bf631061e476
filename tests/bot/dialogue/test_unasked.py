"""What the bot says unasked: outcomes wherever the parent is, corrections, reminders."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.dialogue import named_payment, news, notice, reminder, step
from bot.dialogue.events import PaymentNews, Tapped, Typed
from bot.dialogue.state import At, State
from tests.bot.dialogue.talk import (
    AMINA,
    BRIAN,
    NEWCOMER,
    NOW,
    OWN,
    PARENT,
    PARENT_OF_TWO,
    Talk,
    at_payment,
    payment,
    with_payment,
    words,
)


def test_news_at_the_payments_own_screen_redraws_it_with_the_next_version() -> None:
    talk = Talk(PARENT, at_payment(payment(), version=5))
    told = talk.hears("paid", payment("paid", receipt_number="UKM7A1B2C3"))
    assert "UKM7A1B2C3" in told
    assert talk.state.version == 6
    assert not talk.screen.notice


def test_news_elsewhere_is_a_notice_and_leaves_the_conversation_where_it_is() -> None:
    state = State(At.AMOUNT, 5, child_id=1)
    talk = Talk(PARENT, state)
    told = talk.hears("failed", payment("failed", cause="insufficient_funds"))
    assert "not enough money" in told
    assert talk.state == state
    assert talk.screen.notice
    assert talk.keys == ["again:17", "amount:17", "other:17"]


def test_a_notices_button_stays_good_much_later() -> None:
    talk = Talk(PARENT)
    talk.hears("failed", payment("failed", cause="insufficient_funds"))
    talk.later(86_400)
    assert "1. Pay KES 1,500" in talk.taps("again:17", None)


def test_a_notices_button_is_resolved_afresh() -> None:
    talk = Talk(PARENT)
    talk.hears("failed", payment("failed", cause="wrong_pin"))
    talk.view = with_payment(PARENT, payment("paid", receipt_number="UKM7A1B2C3"))
    assert "This is paid already" in talk.taps("again:17", None)
    talk.view = with_payment(replace(PARENT_OF_TWO, children=(BRIAN,)), payment("failed"))
    assert "no longer on your list" in talk.taps("again:17", None)
    talk.view = with_payment(PARENT, payment())
    assert "a prompt may still be open" in talk.taps("again:17", None)
    talk.view = PARENT
    assert "cannot find that payment" in talk.taps("check:17", None)
    assert not talk.effects


def test_only_a_notices_own_choices_work_without_a_version() -> None:
    talk = Talk(PARENT, State(At.CONFIRM, 9, child_id=1, amount_cents=100_00, phone=OWN))
    for key in ("confirm", "wait", "yes", "send", "whole", "again:", "again:x", "again:-1", "nonsense", ""):
        assert "older message" in talk.taps(key, None)
    assert not talk.effects


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (
            "corrected_to_paid",
            "Correction: I told you that this payment was not paid. M-PESA now says that it was.",
        ),
        ("paid_late", "Correction: I told you that nobody could tell"),
        ("receipt_number", "The receipt number has come."),
    ],
)
def test_what_was_said_before_is_plainly_corrected(event: str, told: str) -> None:
    known = payment("paid", receipt_number="UKM7A1B2C3")
    for state in (State(At.MENU), at_payment(known)):
        said = Talk(PARENT, state).hears(event, known)
        assert told in said
        assert "Receipt: UKM7A1B2C3" in said


def test_the_end_of_the_five_minutes_is_told() -> None:
    known = payment(pushed_at=NOW - timedelta(minutes=5), blocked_until=None)
    assert "Otherwise you may try again" in Talk(PARENT).hears("still_unknown", known)


def test_a_reason_that_nobody_knows_is_not_called_a_failure() -> None:
    told = Talk(PARENT).hears("unclear", payment(cause="unknown"))
    assert "gave a reason that we do not know. We are checking" in told
    assert "Not paid" not in told


def test_a_prompt_that_waited_too_long_is_told_as_never_sent() -> None:
    known = payment("cancelled", cause="waited_too_long", reached_mpesa=False, pushed_at=None)
    told = Talk(PARENT).hears("withdrawn", known)
    assert "Nothing went to M-PESA" in told
    assert "No money has left" in told


def test_a_chat_that_lost_its_link_still_hears_of_money_but_no_childs_name() -> None:
    known = payment("paid", receipt_number="UKM7A1B2C3")
    view = with_payment(replace(PARENT, guardian_name=None, children=()), known)
    for state in (State(At.MENU), at_payment(known)):
        told = news(state, view, PaymentNews(17, "paid"))
        assert told is not None
        assert "UKM7A1B2C3" in words(told[1])
        assert "Amina" not in words(told[1])


def test_there_is_nothing_to_tell_of_a_claim_or_of_an_unknown_payment() -> None:
    view = with_payment(PARENT, payment("sending"))
    assert news(State(At.MENU), view, PaymentNews(17, "claimed")) is None
    assert news(State(At.MENU), NEWCOMER, PaymentNews(17, "paid")) is None
    assert notice(NEWCOMER, PaymentNews(17, "paid")) is None


def test_news_that_reach_a_step_change_nothing_but_the_version() -> None:
    done = step(State(At.MENU, 4), PaymentNews(17, "paid"), PARENT)
    assert done.state == State(At.MENU, 5)
    assert not done.effects


def test_a_reminders_pay_now_opens_the_confirmation_with_todays_balance() -> None:
    screen = reminder(PARENT, AMINA)
    assert screen.notice
    assert "fee balance of Amina Wanjiku, Grade 4 East, is KES 12,500" in words(screen)
    today = replace(PARENT, children=(replace(AMINA, balance_cents=4_000_00),))
    talk = Talk(today, State(At.HELP, 3))
    assert "1. Pay KES 4,000" in talk.taps(screen.choices[0].key, None)
    assert "Phone: 07••• 456" in words(talk.screen)


def test_a_reminder_that_was_overtaken_says_so() -> None:
    talk = Talk(replace(PARENT, children=(replace(AMINA, balance_cents=0),)))
    assert "Nothing is owed any more" in talk.taps("payfor:1", None)
    talk = Talk(replace(PARENT, children=(BRIAN,)))
    assert "no longer on your list" in talk.taps("payfor:1", None)


def test_the_payment_a_view_must_hold_is_named_by_the_event_or_else_by_the_state() -> None:
    state = State(At.PAYMENT, payment_id=3)
    assert named_payment(state, PaymentNews(17, "paid")) == 17
    assert named_payment(state, Tapped("again:17", None)) == 17
    assert named_payment(state, Tapped("open:17", 4)) == 17
    assert named_payment(state, Tapped("payfor:17", None)) == 3
    assert named_payment(state, Tapped("again:x", None)) == 3
    assert named_payment(state, Typed("1")) == 3
