"""People at the stand-in: they see what a phone shows, and tap, write and share as the app does."""

from __future__ import annotations

import asyncio

import pytest
from telegram import KeyboardButton, ReplyKeyboardMarkup, ReplyKeyboardRemove
from telegram.error import BadRequest

from bot.playground import Person
from tests.bot.playground.conftest import Stage, buttons


async def test_messages_with_buttons_appear_and_are_tapped(stage: Stage, amina: Person) -> None:
    sent = await stage.bot.send_message(41, "Chagua", reply_markup=buttons("Lipa", "Salio"))
    assert [(message.text, message.labels) for message in amina.messages] == [("Chagua", ("Lipa", "Salio"))]
    amina.tap("sal")
    query = (await stage.updates())[-1].callback_query
    assert query
    assert query.data == "7:salio"
    assert query.message
    assert query.message.message_id == sent.message_id
    assert await query.answer()
    with pytest.raises(BadRequest, match=r"(?i)query is too old"):
        await query.answer()


async def test_tapping_finds_the_best_button_of_the_newest_message(stage: Stage, amina: Person) -> None:
    old = await stage.bot.send_message(41, "Old", reply_markup=buttons("Pay", "Back"))
    new = await stage.bot.send_message(41, "New", reply_markup=buttons("Pay later", "Pay"))
    amina.tap("Pay")
    amina.tap("back")
    amina.tap_button(old.message_id, 0)
    queries = [update.callback_query for update in await stage.updates() if update.callback_query]
    assert [(query.message and query.message.message_id, query.data) for query in queries] == [
        (new.message_id, "7:pay"),
        (old.message_id, "7:back"),
        (old.message_id, "7:pay"),
    ]


async def test_a_button_that_is_not_there_is_an_error_that_shows_the_phone(
    stage: Stage, amina: Person
) -> None:
    await stage.bot.send_message(41, "Chagua", reply_markup=buttons("Lipa"))
    with pytest.raises(LookupError, match="Chagua"):
        amina.tap("Salio")


async def test_edits_change_the_message_in_its_place(stage: Stage, amina: Person) -> None:
    sent = await stage.bot.send_message(41, "0 of 9", reply_markup=buttons("Stop"))
    await stage.bot.send_message(41, "another")
    await stage.bot.edit_message_text("9 of 9", 41, sent.message_id)
    assert [(message.text, message.labels, message.edits) for message in amina.messages] == [
        ("9 of 9", (), 1),
        ("another", (), 0),
    ]


async def test_the_contact_keyboard_shares_the_owners_card_until_it_is_removed(
    stage: Stage, amina: Person
) -> None:
    keyboard = ReplyKeyboardMarkup([[KeyboardButton("Share my number", request_contact=True)], ["Help"]])
    await stage.bot.send_message(41, "Who are you?", reply_markup=keyboard)
    amina.tap("Share my number")
    amina.tap("Help")
    card, text = [update.message for update in (await stage.updates())[-2:]]
    assert card
    assert card.contact
    assert (card.contact.phone_number, card.contact.user_id) == ("254700000041", 41)
    assert text
    assert text.text == "Help"
    await stage.bot.send_message(41, "Thanks", reply_markup=ReplyKeyboardRemove())
    with pytest.raises(LookupError):
        amina.tap("Share my number")


async def test_cards_may_be_anothers_forwarded_or_without_a_user(stage: Stage) -> None:
    stage.amina.share_contact()
    stage.amina.share_contact("254700000099", 99)
    stage.amina.share_contact(user_id=0)
    stage.amina.share_contact(forwarded=True)
    messages = [update.message for update in await stage.updates()]
    assert [message.contact.user_id for message in messages if message and message.contact] == [
        41,
        99,
        None,
        41,
    ]
    assert [bool(message and message.forward_origin) for message in messages] == [False, False, False, True]


async def test_next_message_reads_in_order_and_wait_for_looks_since_the_last_act(
    stage: Stage, amina: Person
) -> None:
    await stage.bot.send_message(41, "Paid: before")
    amina.say("again")
    await stage.bot.send_message(41, "one")
    sent = await stage.bot.send_message(41, "Paid: after")
    await stage.bot.edit_message_text("Paid: corrected", 41, sent.message_id)
    assert (await amina.wait_for("Paid")).text == "Paid: after"
    assert (await amina.next_message()).text == "Paid: corrected"
    with pytest.raises(TimeoutError, match="Paid: corrected"):
        await amina.next_message(timeout_s=0.01)


async def test_waiting_people_are_woken_by_what_arrives(stage: Stage, amina: Person) -> None:
    waiting = asyncio.create_task(amina.wait_for("Karibu"))
    await stage.bot.send_chat_action(41, "typing")
    assert not waiting.done()
    await stage.bot.send_message(41, "Karibu!")
    assert (await waiting).text == "Karibu!"


async def test_pressing_waits_for_the_button_and_passes_over_older_screens(
    stage: Stage, amina: Person
) -> None:
    old = await stage.bot.send_message(41, "Old", reply_markup=buttons("Lipa"))
    amina.say("again")
    pressing = asyncio.create_task(amina.press("lipa"))
    await stage.bot.send_message(41, "No buttons yet")
    new = await stage.bot.send_message(41, "New", reply_markup=buttons("Lipa"))
    await pressing
    query = (await stage.updates())[-1].callback_query
    assert query
    assert query.message
    assert old.message_id < query.message.message_id == new.message_id
    with pytest.raises(TimeoutError, match="no button 'lipa'"):
        await amina.press("lipa", timeout_s=0.01)


async def test_the_transcript_reads_like_the_phone(stage: Stage, amina: Person) -> None:
    await stage.bot.send_message(41, "Chagua", reply_markup=buttons("Lipa", "Salio"))
    amina.tap("Lipa")
    assert amina.transcript() == [
        ("Amina", "/start", ()),
        ("Karo", "Chagua", ("Lipa", "Salio")),
        ("Amina", "[Lipa]", ()),
    ]


async def test_the_same_id_is_the_same_person(stage: Stage) -> None:
    assert stage.api.person(41) is stage.amina
