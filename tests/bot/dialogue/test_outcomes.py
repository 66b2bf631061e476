"""Every code M-PESA is known to send, by channel and language: its cause, the money, what to do, a button."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.dialogue import news, notice, show, step
from bot.dialogue.effects import CheckNow
from bot.dialogue.events import PaymentNews, Tapped
from bot.dialogue.outcomes import ACTIONS, Action, cause_of
from bot.dialogue.screen import Screen
from bot.dialogue.state import At, State
from bot.dialogue.view import PaymentView
from bot.texts import LANGUAGES, keys, template
from daraja.catalogue import CATALOGUE, CAUSES, PAYMENT_CHANNELS, Channel, Entry, look_up
from tests.bot.dialogue.talk import PARENT, at_payment, payment, with_payment, words

ENTRIES = [
    *(e for e in CATALOGUE if e.channel in PAYMENT_CHANNELS),
    look_up(Channel.CALLBACK, "a code nobody knows"),
]


def named(entry: Entry) -> str:
    return f"{entry.channel.value}-{entry.code}-{entry.cause}"


def known_by(entry: Entry) -> PaymentView:
    """The payment after this code: settled when the code is final, still open when it is not."""
    if entry.money == "moved":
        return payment("paid", cause=entry.cause, receipt_number="UKM7A1B2C3")
    if entry.final:
        status = "cancelled" if entry.cause == "cancelled" else "failed"
        return payment(status, cause=entry.cause, retry_after_s=entry.retry_after_s)
    return payment("uncertain" if entry.channel is Channel.PUSH else "requested", cause=entry.cause)


def expected_cause(entry: Entry) -> str:
    """A question that failed says nothing of the payment; whatever else it says is its own cause."""
    about_the_question = entry.channel is Channel.QUERY and not entry.final and entry.code != "4999"
    if about_the_question and not entry.cause.startswith("query_"):
        shared = {"answer_lost", "busy_unclear", "internal_error", "unexplained"}
        return entry.cause if entry.cause in shared else "question_failed"
    return entry.cause


def keys_of(screen: Screen) -> list[str]:
    return [line.key for line in screen.lines]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_every_code_has_its_cause_its_money_its_next_step_and_a_button(entry: Entry, language: str) -> None:
    known = known_by(entry)
    view = replace(with_payment(PARENT, known), language=language)
    screen = show(at_payment(known), view)
    cause = expected_cause(entry)
    said = keys_of(screen)
    assert f"cause.{cause}" in said
    assert f"next.{cause}" in said
    assert [key for key in said if key.startswith("money.")]
    assert screen.choices
    assert template(f"cause.{cause}", language) in words(screen, language) or entry.money == "moved"
    assert len(words(screen, language)) < 700


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_failed_is_said_only_when_it_is_final_and_money_is_called_unmoved_only_then(entry: Entry) -> None:
    known = known_by(entry)
    said = keys_of(show(at_payment(known), with_payment(PARENT, known)))
    assert ("payment.not_paid" in said) == (entry.final and entry.money == "unmoved")
    assert ("money.unknown" in said) == (not entry.final)


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.money != "moved"], ids=named)
def test_the_first_button_of_every_outcome_really_leads_on(entry: Entry) -> None:
    known = known_by(entry)
    view = with_payment(PARENT, known)
    told = news(State(At.HELP, 3), view, PaymentNews(known.id, "failed"))
    assert told is not None
    first = told[1].choices[0]
    done = step(State(At.HELP, 3), Tapped(first.key, None), view)
    leads_on = done.state.at is not At.HELP or first.key == "help"
    assert leads_on
    assert "old_screen" not in [line.key for line in done.preface]


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_another_try_is_offered_just_where_the_catalogue_says_that_it_helps(entry: Entry) -> None:
    if entry.final and entry.money == "unmoved":
        assert (Action.AGAIN in ACTIONS[entry.cause]) == (entry.retry_after_s is not None)


@pytest.mark.parametrize("entry", [e for e in ENTRIES if not e.final], ids=named)
def test_while_a_prompt_may_be_out_no_new_one_is_offered(entry: Entry) -> None:
    known = known_by(entry)
    offered = show(at_payment(known), with_payment(PARENT, known)).choices
    assert not {choice.key.partition(":")[0] for choice in offered} & {"again", "other", "amount", "paybill"}


def test_only_unknown_codes_use_the_general_text() -> None:
    assert {entry.cause for entry in ENTRIES if cause_of(known_by(entry)) == "unknown"} == {"unknown"}


def test_the_table_of_actions_knows_every_cause_and_its_own_and_no_other() -> None:
    assert set(ACTIONS) == CAUSES | {"withdrawn", "waited_too_long", "paid_already", "question_failed"} | {
        "line_down"
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_causes_share_a_text_and_every_money_word_is_there(language: str) -> None:
    texts = [template(f"cause.{cause}", language) for cause in ACTIONS]
    assert len(set(texts)) == len(texts)
    assert {"money.unmoved", "money.unknown", "money.moved"} <= keys(language)


@pytest.mark.parametrize("status", ["failed", "cancelled"])
@pytest.mark.parametrize("cause", ["", "something_new"])
def test_a_settled_payment_without_a_known_cause_uses_the_general_text(status: str, cause: str) -> None:
    assert cause_of(payment(status, cause=cause)) == "unknown"


def test_what_was_never_sent_is_said_so_even_without_a_cause() -> None:
    assert cause_of(payment("cancelled", reached_mpesa=False)) == "withdrawn"


def test_a_spurious_cause_on_an_open_payment_is_not_told_as_its_end() -> None:
    known = payment(cause="wrong_pin")
    told = words(show(at_payment(known), with_payment(PARENT, known)))
    assert "PIN was wrong" not in told
    assert "did not answer my question" in told


def test_a_given_back_payment_leads_to_the_office() -> None:
    told = notice(with_payment(PARENT, payment("reversed")), PaymentNews(17, "reversed"))
    assert told is not None
    assert "back to the payer" in words(told)
    assert "0700 111 222" in words(told)


def test_check_now_is_offered_for_a_payment_that_can_be_asked_about() -> None:
    known = payment()
    done = step(at_payment(known), Tapped("check:17", 5), with_payment(PARENT, known))
    assert done.effects == (CheckNow(17),)
