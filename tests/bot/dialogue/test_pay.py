"""From Pay fees to a prompt, with a parent who mistypes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.dialogue import step
from bot.dialogue.effects import StartPayment, Withdraw
from bot.dialogue.events import Tapped
from bot.dialogue.state import At, State
from bot.dialogue.view import PushView
from tests.bot.dialogue.talk import (
    AMINA,
    BRIAN,
    NOW,
    OTHER,
    OWN,
    PARENT,
    PARENT_OF_TWO,
    Talk,
    payment,
    with_payment,
)

READY = State(At.CONFIRM, 9, child_id=1, amount_cents=1_500_00, phone=OWN)


def test_a_parent_who_mistypes_all_the_way_still_pays_once() -> None:
    talk = Talk(PARENT_OF_TWO)
    assert "Which child" in talk.types("pay")
    assert "Tap the child" in talk.types("Jane")
    assert "balance KES 12,500" in talk.types("amina")
    assert "without dots or commas" in talk.types("1.500")
    assert "at most KES 250,000" in talk.types("2500000")
    assert "Which phone" in talk.types("Ksh 1,500/=")
    assert "too short" in talk.types("07123")
    assert "Type the phone number" in talk.types("another")
    assert "no Kenyan mobile number" in talk.types("+1 202 555 0100")
    confirm = talk.types("0110 222-333")
    for part in (
        "Amina Wanjiku, Grade 4 East",
        "Mwangaza Academy",
        "KES 1,500",
        "0110 222 333",
        "1. Pay KES",
    ):
        assert part in confirm
    assert "TEST" not in confirm
    waiting = talk.types("lipa")
    assert talk.started() == [StartPayment("telegram:7:10", 1, 1_500_00, OTHER)]
    assert "Look at the phone 01••• 333" in waiting
    assert "Type your PIN only there, never here" in waiting
    assert "No second prompt goes to that phone before 12:05 (in 5 min)" in waiting


def test_with_one_child_the_choice_of_child_is_skipped() -> None:
    talk = Talk(PARENT)
    assert "balance KES 12,500" in talk.taps("pay")
    assert talk.state.at is At.AMOUNT
    assert "1. My phone: 07••• 456" in talk.taps("whole")
    assert "Phone: 07••• 456" in talk.taps("own")
    talk.taps("confirm")
    assert talk.started() == [StartPayment("telegram:7:3", 1, 12_500_00, OWN)]


def test_the_sandbox_says_test_on_the_confirmation() -> None:
    talk = Talk(replace(PARENT, school=replace(PARENT.school, sandbox=True)), READY)
    assert "TEST" in talk.types("what?")


def test_a_number_that_could_be_an_amount_is_the_choice_and_says_so() -> None:
    talk = Talk(PARENT, State(At.AMOUNT, child_id=1))
    assert "type KES 1" in talk.types("1")
    assert talk.state.amount_cents == 12_500_00
    talk = Talk(PARENT, State(At.AMOUNT, child_id=1))
    talk.types("KES 1")
    assert talk.state.amount_cents == 100


@pytest.mark.parametrize(
    ("balance", "told", "cents"),
    [
        (300_000_00, "at most KES 250,000. Pay that now", 250_000_00),
        (600_000_00, "over several days", 250_000_00),
        (1_499_50, "the whole balance becomes KES 1,500", 1_500_00),
    ],
)
def test_a_balance_that_one_payment_cannot_take_says_so(balance: int, told: str, cents: int) -> None:
    talk = Talk(replace(PARENT, children=(replace(AMINA, balance_cents=balance),)))
    assert told in talk.taps("pay")
    talk.taps("whole")
    assert talk.state.amount_cents == cents


@pytest.mark.parametrize(("balance", "told"), [(0, "nothing is owed"), (-500_00, "paid ahead by KES 500")])
def test_nothing_owed_can_still_be_paid_ahead(balance: int, told: str) -> None:
    talk = Talk(replace(PARENT, children=(replace(AMINA, balance_cents=balance),)))
    assert told in talk.taps("pay")
    assert talk.keys == ["menu"]
    talk.types("500")
    assert talk.state.amount_cents == 500_00


def test_amount_and_phone_are_changed_from_the_confirmation_without_losing_the_other() -> None:
    talk = Talk(PARENT, READY)
    talk.taps("set_amount")
    assert "KES 700" in talk.types("700")
    assert talk.state.at is At.CONFIRM
    talk.taps("set_phone")
    assert "0110 222 333" in talk.types("254110222333")
    assert "KES 800" in talk.types("800")
    assert "07••• 456" in talk.types("0712345456")


def test_a_contact_card_names_the_phone_for_the_prompt() -> None:
    talk = Talk(PARENT, State(At.OTHER_PHONE, 4, child_id=1, amount_cents=100_00))
    talk.shares("+254 110 222333", own=False)
    assert (talk.state.at, talk.state.phone) == (At.CONFIRM, OTHER)


def test_two_taps_on_pay_are_one_payment() -> None:
    tap = Tapped("confirm", 9)
    first, second = step(READY, tap, PARENT), step(READY, tap, PARENT)
    assert first.effects == second.effects
    talk = Talk(PARENT, READY)
    talk.taps("confirm", 9)
    assert "older message" in talk.taps("confirm", 9)
    assert len(talk.started()) == 1


def test_an_old_screens_button_says_so_and_shows_the_present_one() -> None:
    talk = Talk(PARENT, READY)
    told = talk.taps("whole", 4)
    assert "older message" in told
    assert "1. Pay KES 1,500" in told


def test_cancel_before_pay_sends_nothing() -> None:
    talk = Talk(PARENT, READY)
    assert "Nothing was sent" in talk.types("ghairi")
    assert talk.state.at is At.MENU


def test_no_second_prompt_goes_to_a_phone_that_may_still_show_one() -> None:
    view = with_payment(PARENT, payment(amount_cents=700_00))
    talk = Talk(view, READY)
    told = talk.taps("confirm")
    assert "may still be open on 07••• 456" in told
    assert "after 12:04, in 4 min 50 s" in told
    assert talk.keys == ["set_phone", "open:17", "cancel"]
    assert not talk.effects
    assert "KES 700" in talk.taps("open:17")


def test_a_prompt_of_another_chat_on_the_same_phone_holds_it_too() -> None:
    push = PushView(OWN, 700_00, NOW, NOW.replace(minute=4))
    talk = Talk(replace(PARENT, recent_pushes=(push,)), READY)
    assert "may still be open" in talk.taps("confirm")
    talk.later(301)
    assert "1. Pay KES 1,500" in talk.types("?")
    talk.taps("confirm")
    assert len(talk.started()) == 1


def test_a_second_payment_for_a_child_from_another_phone_is_asked_about_first() -> None:
    view = with_payment(PARENT, payment())
    talk = Talk(view, replace(READY, phone=OTHER))
    told = talk.taps("confirm")
    assert "A payment of KES 1,500 for Amina Wanjiku is still open on 07••• 456" in told
    assert not talk.effects
    talk.types("ndiyo")
    assert talk.started() == [StartPayment("telegram:7:10", 1, 1_500_00, OTHER)]


def test_a_payment_for_another_child_needs_no_second_question() -> None:
    view = with_payment(PARENT_OF_TWO, payment(phone=OTHER))
    talk = Talk(view, replace(READY, child_id=BRIAN.id))
    talk.taps("confirm")
    assert len(talk.started()) == 1


def test_the_same_amount_within_two_minutes_is_held_back_and_can_be_sent_by_itself() -> None:
    push = PushView(OWN, 1_500_00, NOW, None)
    talk = Talk(replace(PARENT, recent_pushes=(push,)), READY)
    talk.later(51)
    told = talk.taps("confirm")
    assert "same amount from the same phone within 2 minutes. Wait 1 min 14 s" in told
    assert "1. Send it by itself in 1 min 14 s" in told
    queued = talk.types("1")
    assert talk.started()[0].wait_s == 74
    assert "at 12:02, in 1 min 14 s" in queued
    talk.types("do not send it")
    assert isinstance(talk.effects[-1], Withdraw)


def test_another_amount_is_not_held_back() -> None:
    push = PushView(OWN, 1_500_00, NOW, None)
    talk = Talk(replace(PARENT, recent_pushes=(push,)), READY)
    talk.taps("confirm")
    talk.types("1600")
    talk.taps("confirm")
    assert talk.started()[0].amount_cents == 1_600_00


def test_a_prompt_that_is_queued_already_counts_for_the_two_minutes() -> None:
    queued = payment("queued", child_id=BRIAN.id, push_at=NOW.replace(minute=1))
    talk = Talk(with_payment(PARENT_OF_TWO, queued), READY)
    assert "Wait 3 min 5 s" in talk.taps("confirm")


def test_a_phone_that_m_pesa_could_not_lock_is_left_alone_for_a_minute() -> None:
    push = PushView(OWN, 700_00, NOW, None, NOW.replace(minute=1, second=5))
    talk = Talk(replace(PARENT, recent_pushes=(push,)), READY)
    told = talk.taps("confirm")
    assert "M-PESA says that 07••• 456 still has an earlier request open" in told
    assert talk.keys == ["wait", "set_amount", "set_phone", "cancel"]
    talk.taps("wait")
    assert talk.started()[0].wait_s == 65


def test_a_child_that_left_the_list_while_paying_is_never_paid_for() -> None:
    talk = Talk(replace(PARENT_OF_TWO, children=(BRIAN,)), READY)
    told = talk.taps("confirm")
    assert "no longer on your list" in told
    assert not talk.effects


def test_a_parent_without_children_is_sent_to_the_school() -> None:
    talk = Talk(replace(PARENT, children=()))
    assert "Please ask the school: 0700 111 222" in talk.taps("pay")


def test_a_guardian_without_a_usable_number_types_one() -> None:
    talk = Talk(replace(PARENT, own_phone=None), State(At.AMOUNT, child_id=1))
    assert "Type the phone number" in talk.types("1500")
    talk = Talk(replace(PARENT, own_phone=None), State(At.PHONE, child_id=1, amount_cents=100_00))
    assert "Type the phone number" in talk.types("?")
    assert talk.keys == ["menu"]
