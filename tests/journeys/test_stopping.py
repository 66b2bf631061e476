"""SIGTERM ends `karo run` cleanly whatever goes on, and what cannot start says so in one sentence."""

from __future__ import annotations

import signal
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.playground.person import Person
from bot.services import staffing
from bot.wiring import open_for, the_school, utc_now
from daraja.simulator import Scenario
from storage.unit import Unit
from tests.journeys.office import PATIENCE_S, Office, office

GRACE, JOSEPH, PETER = "254700000101", "254700000102", "254700000103"


@pytest.fixture
async def machine(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    """A machine on which Karo is not started yet."""
    async with office(tmp_path, database_url) as stage:
        yield stage


async def arrive(machine: Office, user_id: int, phone: str) -> Person:
    """A parent who is linked and stands at the menu."""
    person = machine.api.person(user_id, f"Parent {user_id}", phone)
    person.say("/start")
    await person.press("en", PATIENCE_S)
    await person.press("agree", PATIENCE_S)
    await person.wait_for("Share your phone number", PATIENCE_S)
    person.share_contact()
    await person.wait_for("What would you like to do", PATIENCE_S)
    return person


async def pay(person: Person) -> None:
    """From the menu up to and with the tap on Pay, for the first child."""
    for key in ("pay", "child:1"):
        await person.press(key, PATIENCE_S)
    await person.wait_for("How much", PATIENCE_S)
    person.say("1500")
    for key in ("own", "confirm"):
        await person.press(key, PATIENCE_S)


async def admin_of(machine: Office) -> Person:
    """An admin who has used the link. Karo runs."""
    database = open_for(machine.settings)
    school = await the_school(database, machine.settings)

    def invite(unit: Unit) -> str:
        return staffing.invite(unit, school.id, "Head", "admin", utc_now())

    code = await database.write(invite)
    database.close()
    admin = machine.api.person(900, "Head", "254700000900")
    admin.say(f"/start {code}")
    await admin.press("en", PATIENCE_S)
    return admin


def reminders(person: Person) -> int:
    return sum("payfor" in button.key for message in person.messages for button in message.buttons)


async def test_stopped_while_idle(machine: Office) -> None:
    await machine.start()

    assert await machine.stop() == 0


async def test_stopped_while_a_prompt_is_open(machine: Office) -> None:
    machine.mpesa.set_next(Scenario.MANUAL)
    await machine.start()
    grace = await arrive(machine, 101, GRACE)
    await pay(grace)
    await grace.wait_for("Type your PIN only", PATIENCE_S)

    assert await machine.stop() == 0

    await machine.start()
    machine.mpesa.answer_prompt(GRACE, "pin")
    told = await grace.wait_for("Paid", PATIENCE_S)
    assert machine.mpesa.books.movements[0].receipt in told.text
    assert len(machine.mpesa.pushes) == 1


async def test_a_stop_waits_for_a_push_that_is_answered_soon(machine: Office) -> None:
    machine.mpesa.set_next(Scenario.MANUAL)
    machine.mpesa.fail_next("push", None, delay_s=1)
    await machine.start()
    grace = await arrive(machine, 101, GRACE)
    await pay(grace)
    await machine.mpesa.wait_for_pushes(1)

    assert await machine.stop() == 0

    await machine.start()
    await grace.wait_for("Type your PIN only", PATIENCE_S)
    machine.mpesa.answer_prompt(GRACE, "pin")
    await grace.wait_for("Paid", PATIENCE_S)
    assert len(machine.mpesa.pushes) == 1


async def test_a_push_that_is_not_answered_in_time_is_uncertain_and_never_sent_again(machine: Office) -> None:
    machine.mpesa.set_next(Scenario.MANUAL)
    machine.mpesa.fail_next("push", None, delay_s=60)
    await machine.start()
    grace = await arrive(machine, 101, GRACE)
    await pay(grace)
    await machine.mpesa.wait_for_pushes(1)

    assert await machine.stop() == 0
    await machine.time_of_leases_passes()

    await machine.start()
    await grace.wait_for("Not finished yet", PATIENCE_S)
    machine.mpesa.answer_prompt(GRACE, "pin")
    await grace.wait_for("Paid", PATIENCE_S)
    assert len(machine.mpesa.pushes) == 1


async def test_stopped_amid_a_campaign_each_family_is_reminded_once(machine: Office) -> None:
    await machine.start()
    families = [
        await arrive(machine, user_id, phone)
        for user_id, phone in ((101, GRACE), (102, JOSEPH), (103, PETER))
    ]
    admin = await admin_of(machine)
    await admin.wait_for("What would you like to do", PATIENCE_S)
    admin.say("/remind")
    confirmation = await admin.wait_for("Families in arrears: 3", PATIENCE_S)
    sent = len(machine.api.calls_of("sendMessage"))
    machine.api.fail_next("sendMessage", delay_s=60, times=3)
    admin.tap_button(confirmation.id, 0)
    await machine.api.until(lambda: len(machine.api.calls_of("sendMessage")) >= sent + 3, PATIENCE_S)

    assert await machine.stop() == 0

    await machine.start()
    expected = [2, 1, 1]
    await machine.api.until(lambda: [reminders(person) for person in families] == expected, PATIENCE_S)
    await machine.api.until(lambda: "of 4" in admin.messages[-1].text, PATIENCE_S)
    assert await machine.stop() == 0
    assert [reminders(person) for person in families] == expected


async def test_stopped_while_telegram_keeps_silent_at_start(machine: Office) -> None:
    machine.api.fail_next("getMe", delay_s=60)
    await machine.launch()
    await machine.api.until(lambda: len(machine.api.calls_of("getMe")) == 1, PATIENCE_S)

    assert await machine.stop() == 0


async def test_telegram_out_of_reach_at_start_is_waited_out_and_callbacks_are_taken(machine: Office) -> None:
    machine.mpesa.set_next(Scenario.MANUAL)
    await machine.start()
    grace = await arrive(machine, 101, GRACE)
    await pay(grace)
    await grace.wait_for("Type your PIN only", PATIENCE_S)
    await machine.stop()
    asked = len(machine.api.calls_of("getMe"))
    machine.api.fail_next("getMe", status=502, times=2)
    await machine.launch()
    await machine.api.until(lambda: len(machine.api.calls_of("getMe")) > asked, PATIENCE_S)

    machine.mpesa.answer_prompt(GRACE, "pin")
    await machine.mpesa.wait_for_callbacks(1)

    assert machine.mpesa.callbacks[0].status == 200
    assert len(machine.api.calls_of("getMe")) <= asked + 2  # none of which was answered
    await machine.greeted()
    await grace.wait_for("Paid", PATIENCE_S)
    assert await machine.stop() == 0


async def test_a_port_that_is_taken_is_said_in_one_sentence(machine: Office) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = machine.settings.model_copy(update={"port": port})
        assert await replace(machine, settings=settings).refused() == 2

    assert machine.complaints() == (
        f"Karo cannot go on: cannot listen on 127.0.0.1 port {port}: Address already in use; set HOST or PORT."
    )


async def test_a_bot_token_that_telegram_does_not_know_is_said_in_one_sentence(machine: Office) -> None:
    unknown = SecretStr("7000000001:" + "w" * 35)
    settings = machine.settings.model_copy(update={"telegram_bot_token": unknown})

    assert await replace(machine, settings=settings).refused() == 2

    assert machine.complaints() == (
        "Karo cannot go on: Telegram does not know TELEGRAM_BOT_TOKEN: copy it again from BotFather."
    )


async def test_ctrl_c_is_as_good_as_sigterm(machine: Office) -> None:
    await machine.start()

    assert await machine.interrupt() == 0


async def test_two_who_stop_it_at_once_do_no_harm(machine: Office) -> None:
    await machine.start()
    process = machine.process
    assert process is not None
    process.send_signal(signal.SIGTERM)

    assert await machine.stop() == 0
