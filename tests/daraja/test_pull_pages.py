"""The walk through Pull's pages: whole, once each, and never without an end."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daraja import AnswerLost, MsisdnKind, PulledPayment, PullPage
from daraja.pull_pages import walk

Fetch = Callable[[int], Awaitable[PullPage]]


def payment(number: int) -> PulledPayment:
    return PulledPayment(
        receipt=f"R{number}",
        amount=Decimal(1),
        paid_at=None,
        bill_reference="",
        transaction_type="",
        organization_name="",
        msisdn="",
        msisdn_kind=MsisdnKind.ABSENT,
        sender="",
    )


def mpesa(
    count: int, size: int, asked: list[int], *, by_rows: bool = False, tells_pages: bool = True
) -> Fetch:
    """M-PESA with so many payments, counting the offset in pages or in rows."""
    rows = tuple(payment(number) for number in range(count))

    async def fetch(offset: int) -> PullPage:
        asked.append(offset)
        first = offset if by_rows else offset * size
        found = rows[first : first + size]
        total = math.ceil(count / size) if tells_pages and found else None
        return PullPage(found, certain=bool(found), total_pages=total)

    return fetch


async def walked(fetch: Fetch) -> tuple[list[str], list[PullPage]]:
    pages = [page async for page in walk(fetch)]
    return [row.receipt for page in pages for row in page.rows], pages


@settings(max_examples=60)
@given(st.integers(1, 40), st.integers(1, 12), st.booleans(), st.booleans())
async def test_every_payment_comes_once_whichever_way_the_offset_counts(
    count: int, size: int, by_rows: bool, tells_pages: bool
) -> None:
    asked: list[int] = []
    receipts, pages = await walked(mpesa(count, size, asked, by_rows=by_rows, tells_pages=tells_pages))
    assert receipts == [f"R{number}" for number in range(count)]
    assert pages[-1].certain
    assert len(set(asked)) == len(asked)


async def test_pages_are_stepped_one_by_one_and_the_last_announced_one_ends_the_walk() -> None:
    asked: list[int] = []
    await walked(mpesa(25, 10, asked))
    assert asked == [0, 1, 2]


async def test_rows_moved_up_by_one_are_understood_and_then_passed_over_page_by_page() -> None:
    asked: list[int] = []
    receipts, _ = await walked(mpesa(100, 10, asked, by_rows=True))
    assert len(receipts) == 100
    assert asked[:4] == [0, 1, 11, 21]
    assert len(asked) < 14


async def test_without_a_number_of_pages_an_empty_page_ends_the_walk_for_certain() -> None:
    asked: list[int] = []
    _, pages = await walked(mpesa(20, 10, asked, tells_pages=False))
    assert asked == [0, 1, 2]
    assert (pages[-1].rows, pages[-1].certain) == ((), True)


@pytest.mark.parametrize("certain", [True, False])
async def test_an_empty_first_page_is_as_certain_as_mpesa_is(certain: bool) -> None:
    async def fetch(_: int) -> PullPage:
        return PullPage((), certain=certain)

    assert (await walked(fetch))[1] == [PullPage((), certain=certain)]


async def test_the_same_page_twice_ends_the_walk_and_what_was_announced_is_not_certain() -> None:
    asked: list[int] = []

    async def fetch(offset: int) -> PullPage:
        asked.append(offset)
        return PullPage((payment(1), payment(2)), certain=True, total_pages=5)

    receipts, pages = await walked(fetch)
    assert (receipts, asked) == (["R1", "R2"], [0, 1])
    assert not pages[-1].certain


async def test_a_payment_that_comes_in_meanwhile_hides_none() -> None:
    """The newest first: each page moves down by the payments that came in since."""
    rows = [payment(number) for number in range(30)]
    asked: list[int] = []

    async def fetch(offset: int) -> PullPage:
        asked.append(offset)
        found = tuple(rows[offset * 10 : offset * 10 + 10])
        rows.insert(0, payment(100 + offset))
        return PullPage(found, certain=bool(found), total_pages=math.ceil(len(rows) / 10))

    receipts, _ = await walked(fetch)
    assert {f"R{number}" for number in range(30)} <= set(receipts)
    assert len(receipts) == len(set(receipts))
    assert asked == list(range(len(asked)))


async def test_an_error_ends_the_walk_and_is_heard() -> None:
    async def fetch(offset: int) -> PullPage:
        if offset:
            raise AnswerLost("gone")
        return PullPage((payment(1),), certain=True)

    pages = walk(fetch)
    assert len((await anext(pages)).rows) == 1
    with pytest.raises(AnswerLost):
        await anext(pages)
