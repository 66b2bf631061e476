"""A screen as a Telegram message: the chat's language, numbered buttons, nothing Telegram would refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import InlineKeyboardMarkup, ReplyKeyboardMarkup

from bot.channels.telegram.commands import COMMANDS, commands_in
from bot.channels.telegram.render import MAX_CALLBACK_DATA, MAX_TEXT, cut, to_message
from bot.dialogue.screen import Choice, Screen, say
from bot.services.messages import OutgoingMessage
from bot.texts import LANGUAGES
from bot.texts import say as words

HELLO = say("start.hello", name="Amina")
MENU = say("menu.ask", school="Mwangaza")
PAY, HELP = Choice("pay", say("choice.pay")), Choice("help", say("choice.help"))
PAYMENTS = Choice("payments", say("choice.payments"))


def outgoing(screen: Screen, version: int = 12, language: str = "en") -> OutgoingMessage:
    return OutgoingMessage(screen, version, language)


def rows_of(screen: Screen, version: int = 12) -> list[list[tuple[str, str]]]:
    _, markup = to_message(outgoing(screen, version))
    assert isinstance(markup, InlineKeyboardMarkup)
    return [[(button.text, str(button.callback_data)) for button in row] for row in markup.inline_keyboard]


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_are_said_in_the_chats_language_with_a_blank_line_between(language: str) -> None:
    text, markup = to_message(outgoing(Screen((HELLO, MENU)), language=language))
    assert text == (
        f"{words('start.hello', language, name='Amina')}\n\n{words('menu.ask', language, school='Mwangaza')}"
    )
    assert markup is None


def test_buttons_begin_with_their_number_and_carry_the_version() -> None:
    [[pay, help_button], [payments]] = rows_of(Screen((MENU,), (PAY, HELP, PAYMENTS)))
    assert pay == ("1. Pay fees", "12:pay")
    assert help_button == ("2. Help", "12:help")
    assert payments == ("3. My payments", "12:payments")


def test_a_notice_has_no_version_and_no_numbers_because_a_typed_number_means_the_session() -> None:
    again = Choice("again:17", say("choice.again"))
    [[button]] = rows_of(Screen((MENU,), (again,), notice=True))
    assert button == (words("choice.again", "en"), "n:again:17")


def test_two_short_buttons_share_a_row_and_a_long_one_stands_alone() -> None:
    child = Choice("child:3", say("choice.child", child="Amina Wanjiru Kamau", class_name="Grade 6 East"))
    shapes = [len(row) for row in rows_of(Screen((MENU,), (PAY, HELP, child, PAY, child, HELP, PAY, PAY)))]
    assert shapes == [2, 1, 1, 1, 2, 1]


def test_asking_for_the_contact_brings_telegrams_own_button() -> None:
    text, markup = to_message(
        outgoing(Screen((say("contact.ask", school="Mwangaza"),), (HELP,), ask_contact=True))
    )
    assert isinstance(markup, ReplyKeyboardMarkup)
    assert "Mwangaza" in text
    [[share], [other]] = markup.keyboard
    assert share.request_contact
    assert share.text == words("contact.button", "en")
    assert (other.text, other.request_contact) == (words("choice.help", "en"), None)
    assert markup.one_time_keyboard


def test_the_longest_key_fits_a_button() -> None:
    [[(_, data)]] = rows_of(Screen((MENU,), (Choice("k" * 40, say("choice.pay")),)), version=999_999_999)
    assert len(data.encode()) <= MAX_CALLBACK_DATA


def test_a_key_too_long_for_a_button_is_an_error_that_names_its_verb_only() -> None:
    screen = Screen((MENU,), (Choice("child:" + "9" * 70, say("choice.pay")),))
    with pytest.raises(ValueError, match=r"at most 64 bytes: child$"):
        to_message(outgoing(screen))


@given(st.text(max_size=60), st.integers(min_value=2, max_value=40))
def test_a_text_is_cut_within_the_limit_and_never_inside_a_character(text: str, limit: int) -> None:
    shortened = cut(text, limit)
    assert len(shortened.encode("utf-16-le")) // 2 <= limit
    assert shortened == text or shortened.endswith("…")
    assert text.startswith(shortened.removesuffix("…"))


def test_a_long_text_ends_at_a_word() -> None:
    text = "neno " * 2000
    shortened = cut(text)
    assert shortened.endswith("neno…")
    assert MAX_TEXT - 5 <= len(shortened) <= MAX_TEXT


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_is_explained_within_telegrams_limits(language: str) -> None:
    commands = commands_in(language)
    assert tuple(command.command for command in commands) == COMMANDS
    assert all(1 <= len(command.description) <= 256 for command in commands)
