"""Two workers race on 400 payments: callback, query and staff's look at each of them, by both, at the same time."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from bot.wiring import Karo, the_school, utc_now
from daraja.simulator import Scenario, SimulatorConfig
from storage import payments, people
from storage.unit import Unit
from tests.journeys.reports import report
from tests.several.cluster import ROOT, Cluster, cluster, phone_of
from tests.several.counting import count

PAYMENTS = 400
AMOUNT_CENTS = 150_000


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Cluster]:
    """A child for each payment; M-PESA takes the money at once and tells nobody."""
    config = SimulatorConfig(prompt_s=0, callback_delay_s=0)
    async with cluster(tmp_path, children=PAYMENTS, config=config) as made:
        yield made


def queue(unit: Unit, school_id: int, number: int) -> int:
    """A payment that waits to be sent, for the child with that number, from a chat of its guardian."""
    now = utc_now()
    student = people.find_student(unit, school_id, f"ADM/{number:04}")
    guardian = people.find_guardian_by_phone(unit, school_id, phone_of(number))
    assert student is not None
    assert guardian is not None
    chat = people.open_chat(unit, school_id=school_id, channel="telegram", address=str(number), now=now)
    people.link(unit, chat_id=chat.id, guardian_id=guardian.id, now=now)
    payment, _ = payments.create(
        unit,
        school_id=school_id,
        intent_id=f"race:{number}",
        chat_id=chat.id,
        guardian_id=guardian.id,
        student_id=student.id,
        amount_cents=AMOUNT_CENTS,
        phone=phone_of(number),
        account_reference=student.account_reference,
        shortcode="174379",
        party_b="174379",
        transaction_type="CustomerPayBillOnline",
        push_at=now,
        now=now,
    )
    return payment.id


async def pushed(town: Cluster) -> list[dict[str, Any]]:
    """Every payment's prompt paid, and M-PESA's report of each, not yet told: {payment, token, body}."""
    karo = Karo(town.settings, town.database, await the_school(town.database, town.settings))
    ids = [
        await town.database.write(lambda unit, n=number: queue(unit, town.school_id, n))  # type: ignore[misc]
        for number in range(PAYMENTS)
    ]
    for number in range(PAYMENTS):
        town.mpesa.set_next(Scenario.SILENT, phone_of(number))
    for some in range(0, PAYMENTS, 20):
        await asyncio.gather(*(karo.verbs.collect.push(payment_id) for payment_id in ids[some : some + 20]))
    await town.mpesa.wait_for_movements(PAYMENTS)
    await karo.daraja.aclose()
    moved = {movement.checkout_request_id: movement for movement in town.mpesa.books.movements}
    by_phone = {push.phone: push for push in town.mpesa.pushes}
    reports = []
    for number, payment_id in enumerate(ids):
        push = by_phone[phone_of(number)]
        movement = moved[push.checkout_request_id or ""]
        path = httpx.URL(push.callback_url).path
        body = report(movement.checkout_request_id, receipt=movement.receipt)
        reports.append({"payment": payment_id, "token": path.rpartition("/")[2], "body": body})
    return reports


async def racer(town: Cluster, seed: int) -> asyncio.subprocess.Process:
    """One of the two, ready."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.several.racer", str(seed)),
        cwd=ROOT,
        env=town.environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
    return process


async def test_no_payment_is_settled_twice(town: Cluster) -> None:
    reports = await pushed(town)
    await town.database.write(
        lambda unit: unit.core.execute(text("UPDATE payments SET check_at = pushed_at")).close()
    )
    racers = [await racer(town, seed) for seed in (1, 2)]

    line = json.dumps(reports).encode() + b"\n"
    ended = await asyncio.wait_for(asyncio.gather(*(each.communicate(line) for each in racers)), 240)

    assert [said for said, _ in ended] == [b"done\n", b"done\n"]
    assert await count(town.database, "payments", "status = 'paid'") == PAYMENTS
    assert await count(town.database, "receipts", "number IS NOT NULL AND payment_id IS NOT NULL") == PAYMENTS
    assert await count(town.database, "receipts") == PAYMENTS
    assert await count(town.database, "ledger_entries", "kind LIKE 'receipt%'") == PAYMENTS
    assert await count(town.database, "outbox_messages", "dedupe_key LIKE 'payment:%paid'") == PAYMENTS
    assert len(town.mpesa.pushes) == PAYMENTS
    numbers = await town.database.read(
        lambda unit: set(unit.core.execute(text("SELECT number FROM receipts")).scalars())
    )
    assert numbers == {movement.receipt for movement in town.mpesa.books.movements}
