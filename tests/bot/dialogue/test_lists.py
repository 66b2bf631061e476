"""Balances, the last payments, and the steps of paying by hand."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue.effects import ClaimCode
from bot.dialogue.state import At, State
from tests.bot.dialogue.talk import PARENT, PARENT_OF_TWO, Talk, at_payment, payment, with_payment


def test_steps_to_pay_by_hand_name_number_and_account_and_warn_of_paying_twice() -> None:
    known = payment("failed", cause="unreachable")
    talk = Talk(with_payment(PARENT, known), at_payment(known))
    told = talk.types("steps to pay by hand")
    for part in (
        "400200",
        "Amina Wanjiku: account number 1042",
        "The office will confirm",
        "finish it first",
    ):
        assert part in told
    talk.types("UKM7A1B2C3")
    assert talk.effects == [ClaimCode("UKM7A1B2C3", None)]


def test_a_till_asks_for_the_code_because_it_has_no_account_number() -> None:
    view = replace(PARENT_OF_TWO, school=replace(PARENT.school, is_till=True, pay_number="5551234"))
    talk = Talk(view, State(At.HELP))
    told = talk.taps("paybill")
    for part in (
        "Till number: 5551234",
        "send me the code",
        "Amina Wanjiku, 1042",
        "Brian Otieno, ADM/1043/24",
    ):
        assert part in told


def test_nobody_is_told_to_send_money_by_hand_to_the_sandbox() -> None:
    talk = Talk(replace(PARENT, school=replace(PARENT.school, sandbox=True)), State(At.HELP))
    told = talk.taps("paybill")
    assert "Do not send money by hand" in told
    assert "400200" not in told


def test_the_last_payments_are_listed_and_any_can_be_opened() -> None:
    known = tuple(payment("paid", id=n, receipt_number=f"UKM7A1B2C{n}") for n in (5, 4, 3, 2, 1))
    talk = Talk(replace(PARENT, recent_payments=known))
    listed = talk.types("my payments")
    assert "1. 22 Nov 2026, 11:59: Amina Wanjiku, KES 1,500, paid" in listed
    assert "UKM7A1B2C3" in talk.types("3")


def test_balances_are_shown_for_every_child_with_their_sum() -> None:
    talk = Talk(PARENT_OF_TWO)
    told = talk.types("salio")
    assert "Amina Wanjiku, Grade 4 East: balance KES 12,500" in told
    assert "Together: KES 20,500" in told


def test_an_open_payment_is_one_choice_of_the_menu() -> None:
    talk = Talk(with_payment(PARENT, payment()))
    assert "6. Open payment: KES 1,500" in talk.types("menu")
    talk.types("6")
    assert talk.state.payment_id == 17
