"""Any event on any view: a step, a screen in both languages, and nothing that may not be sent."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.dialogue import Step, named_payment, news, notice, show, step
from bot.dialogue.effects import StartCampaign, StartPayment
from bot.dialogue.events import Event, PaymentNews, Tapped, Typed
from bot.dialogue.facts import AWAITING
from bot.dialogue.moves import MOVES
from bot.dialogue.screen import Screen, from_plain, to_plain
from bot.dialogue.screens import present
from bot.dialogue.state import At, State, state_from_plain, state_to_plain
from bot.dialogue.view import PaymentView, SchoolView, View
from bot.texts import LANGUAGES
from daraja.phone import BadPhone, parse_phone
from storage.payment_state import TRANSITIONS, event_of
from tests.bot.dialogue.anything import NAMES, events, keys, news_of, payments, states, typed, views
from tests.bot.dialogue.talk import NOW, OWN, words

EMOJI = "✅⏳❌"


def assert_shown(screen: Screen, view: View) -> None:
    """It renders in both languages, is short, survives the outbox, and names no child to a stranger."""
    assert screen.lines
    assert from_plain(to_plain(screen)) == screen
    assert all(choice.key.isascii() and len(choice.key) <= 40 for choice in screen.choices)
    assert len({choice.key for choice in screen.choices}) == len(screen.choices)
    for language in LANGUAGES:
        told = words(screen, language)
        assert sum(told.count(sign) for sign in EMOJI) <= 1
        if view.guardian_name is None:
            assert not [name for name in NAMES if name in told]


def assert_sendable(done: Step, state: State, view: View) -> None:
    for effect in done.effects:
        if isinstance(effect, StartPayment):
            assert effect.amount_cents % 100 == 0
            assert 100 <= effect.amount_cents <= 250_000_00
            assert parse_phone(effect.phone) == effect.phone
            assert effect.child_id in {child.id for child in view.children}
            assert view.guardian_name is not None
            assert effect.intent_id == f"telegram:7:{state.version}"
            assert effect.wait_s >= 0
            assert not [
                p for p in view.recent_pushes if p.phone == effect.phone and (p.holding_until or NOW) > NOW
            ]
        if isinstance(effect, StartCampaign):
            assert view.role == "admin"


@settings(max_examples=100)
@given(states, st.lists(st.tuples(events, views), min_size=1, max_size=4))
def test_any_events_on_any_views_give_steps_and_screens(
    state: State, turns: list[tuple[Event, View]]
) -> None:
    for event, view in turns:
        done = step(state, event, view)
        assert done.state.version == state.version + 1
        assert_sendable(done, state, view)
        assert_shown(show(done.state, view, done.preface), view)
        assert state_from_plain(state_to_plain(done.state)) == done.state
        named_payment(state, event)
        state = done.state


@given(
    states,
    st.lists(st.one_of(st.builds(Typed, typed), keys), min_size=1, max_size=12),
    views,
)
def test_a_whole_conversation_on_one_view_never_gets_stuck(
    state: State, said: list[Typed | str], view: View
) -> None:
    for one in said:
        event: Event = Tapped(one, state.version) if isinstance(one, str) else one
        done = step(state, event, view)
        assert_sendable(done, state, view)
        assert_shown(show(done.state, view, done.preface), view)
        state = done.state


@given(states, views, news_of)
def test_news_are_told_on_the_payments_own_screen_or_in_a_notice(
    state: State, view: View, event: PaymentNews
) -> None:
    told = news(state, view, event)
    if told is None:
        return
    after, screen = told
    assert screen.notice == (after == state)
    assert after in (state, replace(present(state, view).state, version=state.version + 1))
    assert_shown(screen, view)
    elsewhere = notice(view, event)
    assert elsewhere is not None
    for choice in elsewhere.choices:
        done = step(state, Tapped(choice.key, None), view)
        assert "old_screen" not in [line.key for line in done.preface]


@given(states, views)
def test_every_choice_shown_is_taken_whether_tapped_or_typed_and_leads_where_the_table_says(
    state: State, view: View
) -> None:
    here = present(state, view).state
    screen = show(state, view)
    for number, choice in enumerate(screen.choices, 1):
        verb = choice.key.partition(":")[0]
        assert verb in MOVES[here.at]
        tapped = step(here, Tapped(choice.key, here.version), view)
        typed_number = step(here, Typed(str(number)), view)
        assert "old_screen" not in [line.key for line in tapped.preface]
        assert (typed_number.state, typed_number.effects) == (tapped.state, tapped.effects)
        assert tapped.state.at in (*MOVES[here.at][verb], here.at, At.MENU, At.CHILD, At.CONTACT)


@given(states, views)
def test_two_taps_on_the_same_pay_give_one_intent(state: State, view: View) -> None:
    ready = replace(state, at=At.CONFIRM)
    tap = Tapped("confirm", ready.version)
    first, again = step(ready, tap, view), step(ready, tap, view)
    assert first == again
    after = step(first.state, tap, view)
    assert not after.effects


@given(views, payments)
def test_no_new_prompt_is_offered_while_one_may_be_out(view: View, known: PaymentView) -> None:
    if known.status not in AWAITING or known.blocked_until is None or known.blocked_until <= NOW:
        return
    state = State(At.PAYMENT, 1, payment_id=known.id)
    screen = show(state, replace(view, payment=known))
    assert "again" not in {choice.key.partition(":")[0] for choice in screen.choices}


@given(st.text(max_size=40))
def test_a_phone_that_is_taken_is_always_a_kenyan_mobile_number(text: str) -> None:
    try:
        number = parse_phone(text)
    except BadPhone:
        return
    assert len(number) == 12
    assert number.startswith(("2547", "2541"))


def test_every_event_of_the_book_is_known_here() -> None:
    assert {event_of(*edge) for edge in TRANSITIONS} - {"claimed"} <= set(_told())


def _told() -> list[str]:
    known = PaymentView(1, 1, "Amina", 100, OWN, "requested", NOW, NOW)
    view = View(NOW, "telegram:7", SchoolView("A", "B", "1"), "en", "Mary", payment=known)
    return [event for event in set(TRANSITIONS.values()) if notice(view, PaymentNews(1, event)) is not None]


def test_a_session_written_by_another_release_begins_at_the_menu() -> None:
    assert state_from_plain({"at": "a step of later years", "version": 7}) == State(At.MENU, 7)
    assert state_from_plain({}) == State(At.MENU, 0)
