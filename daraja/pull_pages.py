"""Walking through the pages of a Pull query, whichever way M-PESA counts the offset."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Final

from daraja.pull import PulledPayment, PullPage

FetchPage = Callable[[int], Awaitable[PullPage]]

_LEAST_SHIFT: Final = 2  # rows that must have moved up by one before a shift is believed


async def walk(fetch: FetchPage) -> AsyncIterator[PullPage]:
    """Each page in turn, without the receipts of those before it; always at least one page.

    The offset counts pages, as live clients find. Where a page is the one before moved up by one row, it counts
    rows, as the portal says, and whole pages are passed over from there on. Ends after the last page, an empty
    one, or one that brings nothing new: no walk goes on without progress. Where M-PESA had announced more pages
    than that, the last page is not `certain`.
    """
    seen: set[str] = set()
    before: tuple[PulledPayment, ...] = ()
    offset, by_rows, overlapping = 0, False, False
    while True:
        page = await fetch(offset)
        fresh = tuple(row for row in page.rows if row.receipt not in seen)
        overlapping = overlapping or len(fresh) < len(page.rows)
        by_rows = by_rows or _moved_by_one(before, page.rows)
        announced = page.total_pages or 0
        if not fresh:
            yield replace(page, rows=(), certain=_is_the_end(page, offset, announced, by_rows=by_rows))
            return
        seen.update(row.receipt for row in fresh)
        yield replace(page, rows=fresh)
        if announced and offset + 1 >= announced and not overlapping:
            return
        before, offset = page.rows, len(seen) if by_rows else offset + 1


def _moved_by_one(before: tuple[PulledPayment, ...], now: tuple[PulledPayment, ...]) -> bool:
    kept = [row.receipt for row in before[1:]]
    return len(kept) >= _LEAST_SHIFT and kept == [row.receipt for row in now[: len(kept)]]


def _is_the_end(page: PullPage, offset: int, announced: int, *, by_rows: bool) -> bool:
    """Whether a page without news ends the walk for good. On the first one M-PESA's word is all there is."""
    if offset == 0:
        return page.certain
    return by_rows or offset >= announced
