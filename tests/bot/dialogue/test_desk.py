"""What staff and admins ask for in chat, and how others are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.dialogue.effects import AskDoctor, StartCampaign
from bot.dialogue.state import At, State
from bot.dialogue.view import ArrearsView, AttentionView, FindingView, View
from tests.bot.dialogue.talk import ADMIN, NOW, PARENT, STAFF, Talk

ARREARS = ArrearsView(2, 3, 20_500_00, 4, (("Mary", "Amina Wanjiku", 12_500_00),))
GENUINE = FindingView("UKM7A1B2C3", "genuine", 1_500_00, "Amina Wanjiku", "1042", NOW, "07••• 456")


@pytest.mark.parametrize("command", ["receipt", "attention", "remind"])
def test_parents_are_refused(command: str) -> None:
    talk = Talk(replace(PARENT, finding=GENUINE, arrears=ARREARS))
    told = talk.commands(command, "UKM7A1B2C3")
    assert "Only the school's staff" in told
    assert "07••• 456" not in told


def test_staff_who_are_no_admin_cannot_remind() -> None:
    assert "Only the school's staff" in Talk(replace(STAFF, arrears=ARREARS)).commands("remind")


def test_a_genuine_receipt_names_amount_child_time_and_masked_payer() -> None:
    told = Talk(replace(STAFF, finding=GENUINE)).commands("receipt", "ukm7a1b2c3")
    for part in (
        "UKM7A1B2C3 is genuine",
        "KES 1,500",
        "Amina Wanjiku, 1042",
        "22 Nov 2026, 12:00",
        "07••• 456",
    ):
        assert part in told


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        ("pending", "is pending"),
        ("claimed", "sent in by a parent and is not confirmed"),
        ("suspense", "not matched to a child"),
        ("not_ours", "is not in our books"),
        ("not_a_code", "no M-PESA code in that"),
        ("something new", "is not in our books"),
    ],
)
def test_every_other_verdict_is_told(verdict: str, told: str) -> None:
    view = replace(STAFF, finding=FindingView("UKM7A1B2C3", verdict))
    assert told in Talk(view).commands("receipt", "UKM7A1B2C3")


def test_receipt_without_a_code_says_how() -> None:
    assert "Type /receipt and the M-PESA code" in Talk(STAFF).commands("receipt")


def test_attention_lists_the_oldest_and_counts_the_rest() -> None:
    rows = tuple(AttentionView(f"payment:{n}", "expired", NOW, 1_500_00, "Amina") for n in range(10))
    told = Talk(replace(STAFF, attention=rows)).commands("attention")
    assert "Waiting for a person: 10" in told
    assert "payment:0: M-PESA did not tell in 24 hours" in told
    assert "payment:9" not in told
    assert "And 2 more" in told


def test_a_reason_without_a_text_of_its_own_is_listed_all_the_same() -> None:
    rows = (AttentionView("inbox:3", "a_new_reason", NOW),)
    told = Talk(replace(STAFF, attention=rows)).commands("attention")
    assert "inbox:3: waits for a person." in told


def test_nothing_waits() -> None:
    assert "Nothing waits" in Talk(replace(STAFF, attention=())).commands("attention")


def test_a_reminder_shows_whom_it_reaches_and_goes_only_after_confirm() -> None:
    talk = Talk(replace(ADMIN, arrears=ARREARS), State(At.MENU, 3))
    told = talk.commands("remind")
    for part in ("Families in arrears: 2", "KES 20,500", "Not reachable here: 4", "Mary: Amina Wanjiku"):
        assert part in told
    assert not talk.effects
    assert "on their way" in talk.types("confirm")
    assert talk.effects == [StartCampaign("telegram:7:4")]
    assert talk.state.at is At.MENU


def test_a_reminder_can_be_cancelled() -> None:
    talk = Talk(replace(ADMIN, arrears=ARREARS), State(At.REMIND))
    assert "Nothing was sent" in talk.types("cancel")
    assert not talk.effects


def test_nobody_in_arrears_leaves_nothing_to_confirm() -> None:
    talk = Talk(replace(ADMIN, arrears=ArrearsView(0, 0, 0, 1)), State(At.MENU))
    assert "Nobody" in talk.commands("remind")
    assert talk.keys == ["menu"]


def test_an_admin_may_ask_for_an_examination() -> None:
    talk = Talk(ADMIN)
    assert "examining" in talk.commands("doctor")
    assert talk.effects == [AskDoctor()]
    assert talk.state.at is At.MENU


@pytest.mark.parametrize("view", [PARENT, STAFF])
def test_to_others_the_doctor_is_a_command_that_nobody_knows(view: View) -> None:
    asked, unknown = Talk(view), Talk(view)
    assert asked.commands("doctor") == unknown.commands("settings")
    assert (asked.effects, asked.state) == ([], unknown.state)


def test_an_admin_who_lost_the_role_before_confirm_is_refused() -> None:
    talk = Talk(replace(PARENT, arrears=ARREARS), State(At.REMIND, 4))
    talk.taps("send", 4)
    assert not talk.effects
