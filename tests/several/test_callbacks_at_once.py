"""Copies of one callback at two web processes at the same moment."""

from __future__ import annotations

import asyncio

import httpx

from daraja.simulator import Scenario
from tests.journeys.reports import report
from tests.several.cluster import Cluster
from tests.several.counting import count
from tests.several.families import link, paid_messages, to_the_prompt

COPIES = 20


async def test_twenty_copies_at_two_doors_are_one_receipt_one_posting_one_message(town: Cluster) -> None:
    await town.start(web=2, worker=1)
    parent = town.parent(0)
    await link(parent)
    town.mpesa.set_next(Scenario.SILENT)
    await to_the_prompt(parent)
    await town.mpesa.wait_for_movements(1)
    await parent.wait_for("Type your PIN only")
    push, movement = town.mpesa.pushes[0], town.mpesa.books.movements[0]
    body = report(movement.checkout_request_id, receipt=movement.receipt)
    path = httpx.URL(push.callback_url).path

    async with httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=COPIES)) as mpesa:
        doors = [f"http://127.0.0.1:{web.port}{path}" for web in town.of_kind("web")]
        answers = await asyncio.gather(*(mpesa.post(doors[n % 2], json=body) for n in range(COPIES)))

    assert [answer.status_code for answer in answers] == [200] * COPIES
    assert movement.receipt in (await parent.wait_for("Paid")).text
    assert await count(town.database, "receipts") == 1
    assert await count(town.database, "ledger_entries", "kind = 'receipt'") == 1
    assert await count(town.database, "outbox_messages", "dedupe_key LIKE 'payment:1:paid'") == 1
    assert await count(town.database, "inbox_items") == 1
    assert await count(town.database, "inbox_items", f"copies = {COPIES}") == 1
    assert len(paid_messages(parent)) == 1
