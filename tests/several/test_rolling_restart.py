"""One process after the other is replaced while families pay: nobody notices."""

from __future__ import annotations

import asyncio

from bot.playground.person import Person
from tests.several.cluster import Cluster
from tests.several.families import agree, link, paid_messages, pay


async def pay_on(person: Person, over: asyncio.Event) -> int:
    """Payment after payment, of another amount each time, until it is over; how many."""
    count = 0
    while not over.is_set():
        count += 1
        await pay(person, 100 + count)
    return count


async def test_nothing_is_lost_or_doubled_while_every_process_is_replaced(town: Cluster) -> None:
    await town.start(web=2, worker=2)
    parents = [town.parent(number) for number in range(5)]
    await asyncio.gather(*map(link, parents))
    over = asyncio.Event()
    paying = [asyncio.create_task(pay_on(parent, over)) for parent in parents]

    for old in list(town.runners):
        await town.launch(old.kind)
        assert await town.stop(old) == 0
    over.set()
    counts = await asyncio.gather(*paying)

    assert len(town.mpesa.pushes) == sum(counts)
    assert town.mpesa.books.total_kes == sum(100 + n for count in counts for n in range(1, count + 1))
    assert [len(paid_messages(parent)) for parent in parents] == counts
    agree(town)
