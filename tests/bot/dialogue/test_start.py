"""Getting in: language, privacy, contact, and what somebody sees who is not on the list."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.dialogue.effects import Link, SetLanguage, UseInvite
from bot.dialogue.events import Unreadable
from bot.dialogue.state import At, State
from tests.bot.dialogue.talk import AMINA, NEWCOMER, OWN, PARENT, STAFF, Talk


def newcomer() -> Talk:
    return Talk(NEWCOMER, State())


def test_a_parent_gets_in_step_by_step() -> None:
    talk = newcomer()
    assert "Chagua lugha yako" in talk.commands("start")
    assert "I agree" in talk.types("1")
    assert talk.effects == [SetLanguage("en")]
    assert "Share your phone number" in talk.types("yes")
    assert talk.screen.ask_contact
    menu = talk.shares(OWN, guardian=3)
    assert talk.effects[-1] == Link(3)
    assert "found you" in menu
    assert "1. Pay fees\n2. Balances\n3. My payments\n4. Language\n5. Help" in menu


def test_kiswahili_is_spoken_from_the_moment_it_is_chosen() -> None:
    talk = newcomer()
    talk.commands("start")
    assert "Karibu Mwangaza Academy" in talk.types("kiswahili")
    assert "Tuma nambari yako ya simu" in talk.types("nakubali")


def test_nothing_of_any_child_is_shown_to_a_number_that_is_not_on_the_list() -> None:
    talk = Talk(replace(NEWCOMER, language="en"), State(At.CONTACT))
    told = talk.shares("254799999999", guardian=None)
    assert "not on Mwangaza Academy's list" in told
    assert "0700 111 222" in told
    assert talk.state.at is At.CONTACT
    assert not talk.effects


def test_a_contact_that_is_not_the_senders_own_is_not_believed() -> None:
    talk = Talk(replace(NEWCOMER, language="en"), State(At.CONTACT))
    assert "not your own number" in talk.shares(OWN, own=False, guardian=3)
    assert not talk.effects


def test_a_contact_shared_before_the_privacy_notice_waits_for_it() -> None:
    talk = Talk(replace(NEWCOMER, language="en"), State(At.PRIVACY))
    assert "I agree" in talk.shares(OWN, guardian=3)
    assert not talk.effects


@pytest.mark.parametrize("command", ["pay", "balance", "payments", "cancel"])
def test_before_the_contact_every_command_leads_to_it(command: str) -> None:
    talk = Talk(replace(NEWCOMER, language="en", children=(AMINA,)), State(At.CONTACT))
    told = talk.commands(command)
    assert "Share your phone number" in told
    assert "Amina" not in told


def test_a_linked_parent_is_greeted_by_name_and_never_asked_again() -> None:
    talk = Talk(PARENT, State(At.PAYMENTS))
    assert "Hello Mary." in talk.commands("start")
    assert talk.state.at is At.MENU


def test_a_parent_whose_link_was_removed_starts_over_at_the_contact() -> None:
    talk = Talk(replace(PARENT, guardian_name=None), State(At.CONFIRM, 8, child_id=1, amount_cents=100_00))
    told = talk.types("1")
    assert "Share your phone number" in told
    assert not talk.effects


def test_the_language_is_changed_from_the_menu_and_leads_back_to_it() -> None:
    talk = Talk(PARENT)
    talk.types("language")
    assert "Ungependa kufanya nini" in talk.types("2")
    assert talk.state.at is At.MENU


def test_an_invite_makes_a_newcomer_staff_who_then_chooses_a_language() -> None:
    talk = Talk(replace(NEWCOMER, invite="good"), State())
    assert "staff access" in talk.commands("start", "c0de")
    assert talk.effects == [UseInvite("c0de")]
    talk.view = replace(talk.view, role="staff", invite=None)
    assert "/receipt CODE" in talk.types("1")
    assert talk.state.at is At.MENU


@pytest.mark.parametrize(
    ("invite", "told"),
    [("used", "used already"), ("expired", "too old"), ("unknown", "do not know this link")],
)
def test_a_bad_invite_says_what_is_wrong_and_does_nothing(invite: str, told: str) -> None:
    talk = Talk(replace(PARENT, invite=invite))
    assert told in talk.commands("start", "c0de")
    assert not talk.effects


def test_staff_without_children_have_a_menu_of_their_own() -> None:
    talk = Talk(STAFF, State(At.CONTACT))
    menu = talk.commands("start")
    assert "/receipt CODE" in talk.types("menu")
    assert "Pay fees" not in menu


@pytest.mark.parametrize("at", list(At))
def test_what_nobody_understands_gets_help_at_every_step(at: At) -> None:
    state = State(at, 3, child_id=1, amount_cents=100_00, phone=OWN)
    talk = Talk(replace(PARENT, role="admin"), state)
    told = talk.happens(Unreadable())
    assert "did not understand" in told
    assert talk.screen.lines[1].key.startswith("help.at.")
    assert talk.state.version == 4


def test_help_in_the_middle_of_paying_keeps_what_was_chosen() -> None:
    talk = Talk(PARENT, State(At.CONFIRM, 3, child_id=1, amount_cents=100_00, phone=OWN))
    assert "0700 111 222" in talk.types("help")
    assert talk.state.at is At.CONFIRM
