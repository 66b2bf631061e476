"""A payment on the way and after it, its clocks in words, and what can be done about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.dialogue import show
from bot.dialogue.effects import CheckNow, ClaimCode, Withdraw
from bot.dialogue.facts import AWAITING, OPEN
from bot.dialogue.state import At
from storage import payment_state
from tests.bot.dialogue.talk import (
    AMINA,
    BRIAN,
    NOW,
    OTHER,
    OWN,
    PARENT,
    Talk,
    at_payment,
    payment,
    with_payment,
    words,
)

UNBLOCKED: dict[str, Any] = {"pushed_at": NOW - timedelta(minutes=6), "blocked_until": None}
SMS = "UKM7A1B2C3 Confirmed. Ksh1,500.00 sent to MWANGAZA ACADEMY for account 1042 on 22/11/26"


def looking_at(known_status: str = "requested", **changes: object) -> Talk:
    known = payment(known_status, **changes)
    talk = Talk(with_payment(PARENT, known), at_payment(known))
    talk.screen = show(talk.state, talk.view)
    return talk


def test_the_words_for_statuses_are_the_books() -> None:
    assert {status.value for status in payment_state.OPEN} == OPEN
    assert {status.value for status in payment_state.AWAITING} == AWAITING


def test_a_young_prompt_says_where_to_look_and_until_when_no_second_one_comes() -> None:
    talk = looking_at()
    told = words(talk.screen)
    assert "Look at the phone 07••• 456" in told
    assert "before 12:04 (in 4 min 50 s)" in told
    assert talk.keys == ["check:17", "code:17", "menu"]


def test_a_prompt_that_stays_silent_for_two_minutes_is_called_waiting_and_never_failed() -> None:
    talk = looking_at(pushed_at=NOW - timedelta(seconds=130))
    told = words(talk.screen)
    assert "has not told me yet" in told
    assert "Not paid" not in told
    assert "again:17" not in talk.keys


def test_after_five_minutes_a_code_is_asked_for_or_another_try_offered() -> None:
    talk = looking_at(**UNBLOCKED)
    told = words(talk.screen)
    assert "If an M-PESA SMS came, send me its code. Otherwise you may try again." in told
    assert talk.keys == ["code:17", "again:17", "check:17", "menu"]
    assert "1. Pay KES 1,500" in talk.types("try again")
    talk.taps("confirm")
    assert len(talk.started()) == 1


def test_a_lost_answer_says_that_it_is_not_known_whether_money_moved() -> None:
    talk = looking_at("uncertain", cause="answer_lost", has_checkout_id=False)
    told = words(talk.screen)
    assert "answer was lost" in told
    assert "do not know yet whether money has left" in told
    assert talk.keys == ["code:17", "menu"]


def test_check_now_asks_mpesa_and_says_so() -> None:
    talk = looking_at()
    assert "I am asking M-PESA now" in talk.types("check now")
    assert talk.effects == [CheckNow(17)]
    assert "knows no more yet" in talk.hears("checked", payment())


def test_a_payment_without_a_checkout_id_is_not_asked_about() -> None:
    talk = looking_at("uncertain", has_checkout_id=False)
    talk.taps("check:17")
    assert not talk.effects


def test_cancel_never_cancels_a_prompt_that_is_out_and_says_so() -> None:
    talk = looking_at()
    assert "cannot stop a prompt" in talk.commands("cancel")
    assert talk.state.at is At.PAYMENT
    talk.types("menu")
    assert "cannot stop a prompt" in talk.commands("cancel")
    assert talk.state.payment_id == 17
    assert not talk.effects


def test_a_prompt_that_has_not_left_is_withdrawn_by_cancel() -> None:
    talk = looking_at("queued", push_at=NOW + timedelta(seconds=70))
    assert "at 12:01, in 1 min 10 s" in words(talk.screen)
    told = talk.commands("cancel")
    assert talk.effects == [Withdraw(17)]
    assert "Nothing was sent to M-PESA" in told


def test_a_withdrawal_that_comes_too_late_says_that_the_prompt_is_out() -> None:
    talk = looking_at()
    assert "cannot stop a prompt" in talk.taps("withdraw:17")
    assert not talk.effects


def test_a_due_prompt_behind_another_one_says_what_it_waits_for() -> None:
    first = payment(id=16, child_id=BRIAN.id)
    second = payment("queued")
    view = replace(PARENT, payment=second, open_payments=(second, first), recent_payments=(second, first))
    assert "may still have another prompt open" in words(show(at_payment(second), view))


@pytest.mark.parametrize("typed", ["ukm7 a1b2 c3", SMS])
def test_a_typed_code_or_a_pasted_sms_is_a_claim_for_this_payment(typed: str) -> None:
    talk = looking_at(**UNBLOCKED)
    told = talk.types(typed)
    assert talk.effects == [ClaimCode("UKM7A1B2C3", 17)]
    assert "counts once M-PESA's own report confirms it" in told


def test_a_code_is_asked_for_by_its_button_and_taken_anywhere() -> None:
    talk = looking_at(**UNBLOCKED)
    assert "for example UKM7A1B2C3" in talk.taps("code:17")
    talk.types("menu")
    talk.types("UKM7A1B2C3")
    assert talk.effects == [ClaimCode("UKM7A1B2C3", 17)]


def test_a_code_for_nothing_that_waits_names_no_payment() -> None:
    talk = Talk(PARENT)
    talk.types("UKM7A1B2C3")
    assert talk.effects == [ClaimCode("UKM7A1B2C3", None)]


def test_a_code_sent_twice_or_counted_already_is_not_claimed_again() -> None:
    talk = looking_at("requested", claimed_code="UKM7A1B2C3", **UNBLOCKED)
    assert "already has the code" in talk.types("UKM7A1B2C3")
    assert "again:17" not in talk.keys
    talk = looking_at("paid", receipt_number="UKM7A1B2C3")
    assert "counted already" in talk.types(SMS)
    assert not talk.effects


def test_paid_says_amount_child_receipt_time_and_new_balance() -> None:
    talk = looking_at("paid", receipt_number="UKM7A1B2C3", paid_at=NOW)
    told = words(talk.screen)
    for part in (
        "KES 1,500 for Amina Wanjiku",
        "UKM7A1B2C3",
        "22 Nov 2026, 12:00",
        "New balance: KES 12,500",
    ):
        assert part in told
    assert talk.keys == ["menu"]


def test_paid_without_a_number_says_that_it_will_follow() -> None:
    assert "receipt number will follow" in words(looking_at("paid").screen)


def test_another_amount_than_asked_is_said_as_what_it_is() -> None:
    told = words(looking_at("paid", received_cents=1_000_00, receipt_number="UKM7A1B2C3").screen)
    assert "Paid: KES 1,000" in told
    assert "You asked to pay KES 1,500; M-PESA reports KES 1,000" in told


@pytest.mark.parametrize(
    ("balance", "told"),
    [(0, "New balance: nothing is owed"), (-300_00, "New balance: paid ahead by KES 300")],
)
def test_the_new_balance_may_be_nothing_or_a_credit(balance: int, told: str) -> None:
    view = replace(PARENT, children=(replace(AMINA, balance_cents=balance),))
    known = payment("paid")
    assert told in words(show(at_payment(known), with_payment(view, known)))


def test_a_failure_leads_through_another_phone_or_amount_to_the_confirmation() -> None:
    talk = looking_at("failed", cause="insufficient_funds", retry_after_s=0)
    assert talk.keys == ["again:17", "amount:17", "other:17", "menu"]
    talk.types("another phone")
    assert talk.state.at is At.OTHER_PHONE
    assert "0110 222 333" in talk.types("0110222333")
    assert (talk.state.child_id, talk.state.amount_cents, talk.state.phone) == (1, 1_500_00, OTHER)
    talk = looking_at("failed", cause="insufficient_funds")
    talk.types("another amount")
    talk.types("500")
    assert (talk.state.at, talk.state.amount_cents, talk.state.phone) == (At.CONFIRM, 500_00, OWN)


def test_a_wait_before_the_next_try_is_counted_down() -> None:
    talk = looking_at("failed", cause="too_soon", retry_after_s=120, settled_at=NOW - timedelta(seconds=20))
    assert "Wait 1 min 40 s before you try again" in words(talk.screen)


def test_expired_says_that_the_office_looks_and_asks_for_the_code() -> None:
    talk = looking_at("expired")
    assert "The office is looking into it" in words(talk.screen)
    assert talk.keys == ["code:17", "again:17", "paybill:17", "menu"]
