"""SIGKILL between any two steps, and while the prompt is open: nothing is lost, nothing rings twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bot.playground.person import Person
from daraja.simulator import Scenario
from tests.journeys.office import PATIENCE_S, Office, office

STEPS = {
    "/start": "Choose your language",
    "en": "Welcome",
    "agree": "Share your phone number",
    "contact": "What would you like to do",
    "pay": "Which child",
    "child:1": "How much",
    "1500": "Which phone",
    "own": "Please check",
}


@pytest.fixture
async def machine(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    """A machine on which Karo is not started yet."""
    async with office(tmp_path, database_url) as stage:
        yield stage


async def act(person: Person, step: str) -> None:
    """One step of a parent, and its answer."""
    if step == "contact":
        person.share_contact()
    elif step.startswith("/") or step.isdigit():
        person.say(step)
    else:
        person.tap(step)
    await person.wait_for(STEPS[step], PATIENCE_S)


async def test_a_parent_goes_on_after_a_kill_between_any_two_steps(machine: Office) -> None:
    grace = machine.api.person(101, "Grace", "254700000101")
    await machine.start()
    for step in STEPS:
        await act(grace, step)
        await machine.restart()

    grace.tap("confirm")
    told = await grace.wait_for("Paid", PATIENCE_S)

    assert machine.mpesa.books.movements[0].receipt in told.text
    assert len(machine.mpesa.pushes) == 1
    assert await machine.stop() == 0


async def test_a_tap_on_pay_while_karo_is_down_is_taken_up_at_the_next_start(machine: Office) -> None:
    grace = machine.api.person(101, "Grace", "254700000101")
    await machine.start()
    for step in STEPS:
        await act(grace, step)
    await machine.kill()
    grace.tap("confirm")
    await machine.start()

    await grace.wait_for("Paid", PATIENCE_S)

    assert len(machine.mpesa.pushes) == 1


async def test_a_kill_while_the_prompt_is_open_loses_nothing(machine: Office) -> None:
    machine.mpesa.set_next(Scenario.MANUAL)
    grace = machine.api.person(101, "Grace", "254700000101")
    await machine.start()
    for step in STEPS:
        await act(grace, step)
    grace.tap("confirm")
    await grace.wait_for("Type your PIN only", PATIENCE_S)
    await machine.kill()
    machine.mpesa.answer_prompt("254700000101", "pin")
    await machine.mpesa.wait_for_callbacks(1)
    assert machine.mpesa.callbacks[0].status is None

    await machine.start()
    await _the_callback_comes_again(machine)

    await grace.wait_for("Paid", PATIENCE_S)
    assert len(machine.mpesa.pushes) == 1


async def test_a_kill_while_the_push_is_under_way_never_rings_twice(machine: Office) -> None:
    grace = machine.api.person(101, "Grace", "254700000101")
    await machine.start()
    for step in STEPS:
        await act(grace, step)
    machine.mpesa.fail_next("push", "system_busy", processed=True, delay_s=20)
    machine.mpesa.set_next(Scenario.MANUAL)
    grace.tap("confirm")
    await machine.mpesa.wait_for_pushes(1)
    await machine.kill()

    await machine.start()

    told = await grace.wait_for("Not finished yet", PATIENCE_S)
    assert "PIN" not in told.text
    machine.mpesa.answer_prompt("254700000101", "pin")
    await grace.wait_for("Paid", PATIENCE_S)
    assert len(machine.mpesa.pushes) == 1


async def test_a_second_run_on_the_same_file_is_refused_in_words(tmp_path: Path) -> None:
    """SQLite only: it is the lock beside the file that refuses. File and key are those that Karo makes itself."""
    async with office(tmp_path) as machine:
        await machine.start()
        second = replace(machine, process=None)

        with pytest.raises(AssertionError, match="runs on"):
            await second.start()


async def _the_callback_comes_again(machine: Office) -> None:
    """M-PESA, or whoever stands between, delivers what nobody took."""
    push = machine.mpesa.pushes[-1]
    movement = machine.mpesa.books.movements[0]
    body = {
        "Body": {
            "stkCallback": {
                "MerchantRequestID": "1",
                "CheckoutRequestID": movement.checkout_request_id,
                "ResultCode": 0,
                "ResultDesc": "The service request is processed successfully.",
                "CallbackMetadata": {
                    "Item": [
                        {"Name": "Amount", "Value": float(movement.amount_kes)},
                        {"Name": "MpesaReceiptNumber", "Value": movement.receipt},
                        {"Name": "TransactionDate", "Value": 20261102090010},
                    ]
                },
            }
        }
    }
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(push.callback_url, json=body)
    assert answer.status_code == 200
