"""When M-PESA is asked about a code, and how often."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from storage import payments
from storage.payment_state import PaymentStatus
from storage.unit import Unit
from tests.bot.services.asking import CODE, Asking, open_asking
from tests.bot.services.counter import open_file
from tests.builders import announce
from tests.daraja.host import Host, wire
from tests.daraja.operators import operator

ACCEPTED = (200, wire("operation_accepted"))
BUSY = (503, b"<html>503</html>")


def refused(code: str, words: str, status: int = 400) -> tuple[int, bytes]:
    return status, json.dumps({"requestId": "1", "errorCode": code, "errorMessage": words}).encode()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Asking]:
    database = open_file(tmp_path)
    yield await open_asking(database)
    database.close()


async def asked_at(desk: Asking, host: Host, minutes: int) -> list[int]:
    """In which minutes M-PESA was asked."""
    asked = []
    async with host.client(clock=desk.clock) as daraja:
        ask = desk.ask(daraja)
        for minute in range(minutes):
            before = len(host.posts)
            await ask.tick()
            asked += [minute] * (len(host.posts) - before)
            desk.now += timedelta(minutes=1)
    return asked


async def state(desk: Asking) -> tuple[str, str, int]:
    ((known, outcome, tries),) = await desk.rows("SELECT state, outcome, tries FROM questions")
    return known, outcome, tries


async def test_it_is_asked_once_with_addresses_of_its_own(desk: Asking) -> None:
    host = Host()
    host.answers.append(ACCEPTED)
    await desk.claim()
    assert await asked_at(desk, host, 9) == [0]
    body = host.posts[0].body
    assert (body["TransactionID"], body["PartyA"]) == (CODE, "174379")
    token = body["ResultURL"].removeprefix("https://karo.invalid/daraja/result/")
    assert len(token) == 32
    assert body["QueueTimeOutURL"] == f"https://karo.invalid/daraja/timeout/{token}"
    assert await state(desk) == ("asked", "", 1)
    ((ids,),) = await desk.rows("SELECT conversation_id FROM questions")
    assert ids == "AG_20210709_1234409f86436c583e3f"


async def test_two_processes_ask_once(desk: Asking) -> None:
    host = Host()
    host.answers.extend([ACCEPTED] * 3)
    await desk.claim()
    async with host.client(clock=desk.clock) as daraja:
        await asyncio.gather(*(desk.ask(daraja).tick() for _ in range(3)))
    assert len(host.posts) == 1


async def test_what_got_no_answer_is_asked_again_ever_more_slowly_and_then_left_to_a_person(
    desk: Asking,
) -> None:
    host = Host()
    host.answers.extend([BUSY] * 9)
    await desk.claim()
    assert await asked_at(desk, host, 400) == [0, 1, 6, 36, 156]
    assert await state(desk) == ("given_up", "answer_lost", 5)
    assert [row.needs_person for row in await desk.rows("SELECT needs_person FROM claims")] == ["claimed"]


async def test_a_result_that_never_comes_is_asked_for_again(desk: Asking) -> None:
    host = Host()
    host.answers.extend([ACCEPTED] * 9)
    await desk.claim()
    assert await asked_at(desk, host, 100) == [0, 10, 20, 30, 40]
    assert await state(desk) == ("given_up", "silence", 6)
    assert len({post.body["ResultURL"] for post in host.posts}) == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (refused("400.002.02", "Bad Request - Invalid TransactionID"), "bad_field"),
        (
            refused("400.003.01", "Invalid Access Token - Invalid API call as no apiproduct match found"),
            "no_api_product",
        ),
    ],
)
async def test_what_our_settings_bring_about_is_not_asked_again(
    desk: Asking, answer: tuple[int, bytes], outcome: str
) -> None:
    host = Host()
    host.answers.extend([answer] * 9)
    await desk.claim()
    assert set(await asked_at(desk, host, 30)) == {0}
    assert await state(desk) == ("given_up", outcome, 1)


async def test_without_the_product_other_codes_wait_for_an_hour(desk: Asking) -> None:
    host = Host()
    missing = refused("400.003.01", "Invalid Access Token - Invalid API call as no apiproduct match found")
    host.answers.extend([missing, missing, ACCEPTED])
    await desk.claim()
    assert await asked_at(desk, host, 1) == [0, 0]
    await desk.claim("UKM1ABCDE2")
    assert await asked_at(desk, host, 70) == [60]


async def test_a_certificate_that_is_none_asks_nothing_and_is_said_in_the_row(desk: Asking) -> None:
    host = Host()
    await desk.claim()
    async with host.client(clock=desk.clock) as daraja:
        await desk.ask(daraja, operator(content=b"none")).tick()
    assert host.posts == []
    assert await state(desk) == ("given_up", "bad_request_local", 1)


@pytest.mark.parametrize("reachable", [True, False])
async def test_without_a_claim_or_an_address_nothing_is_asked(desk: Asking, reachable: bool) -> None:
    host = Host()
    if not reachable:
        await desk.claim()
        object.__setattr__(desk.school, "public_url", "")
    assert await asked_at(desk, host, 3) == []
    assert await desk.rows("SELECT id FROM questions") == []


async def test_a_payment_that_was_given_back_meanwhile_is_not_asked_about(desk: Asking) -> None:
    host = Host()
    host.answers.append(BUSY)
    await desk.claim()
    assert await asked_at(desk, host, 1) == [0]
    await desk.database.write(partial(_given_back, desk))
    assert await asked_at(desk, host, 20) == []
    assert await state(desk) == ("answered", "not_needed", 2)


def _given_back(desk: Asking, unit: Unit) -> None:
    for to in (PaymentStatus.PAID, PaymentStatus.REVERSED):
        payments.move(unit, desk.payment_id, to, now=desk.now, announce=announce)
