"""Pull Transactions and Dynamic QR in the simulator: pages out of the books, pictures out of nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

from daraja.simulator.books import Books
from daraja.simulator.config import SimulatorConfig
from daraja.simulator.money_in_checks import read_pull_query, read_pull_registration, read_qr
from daraja.simulator.money_in_payloads import (
    pull_nothing_body,
    pull_page_body,
    pull_registered_body,
    qr_body,
)
from daraja.simulator.payloads import merchant_request_id
from daraja.simulator.replies import Reply


class Pull:
    """Knows which shortcodes may pull, and answers from the books what came in to them."""

    def __init__(
        self, config: SimulatorConfig, clock: Callable[[], datetime], rng: random.Random, books: Books
    ) -> None:
        self.registered: set[str] = set()
        self._config = config
        self._clock = clock
        self._rng = rng
        self._books = books

    async def register(self, content_type: str, raw: bytes) -> Reply:
        """POST /pulltransactions/v1/register."""
        shortcode = read_pull_registration(content_type, raw, self._config)
        already = shortcode in self.registered
        self.registered.add(shortcode)
        return Reply(200, pull_registered_body(self._id(), shortcode, already=already))

    async def query(self, content_type: str, raw: bytes) -> Reply:
        """POST /pulltransactions/v1/query: one page, oldest payment first."""
        asked = read_pull_query(content_type, raw, self._config, self._clock())
        if asked.shortcode not in self.registered:
            return Reply(200, pull_nothing_body(self._id(), "1001"))
        rows = [
            movement
            for movement in self._books.movements
            if movement.party_b == asked.shortcode and asked.start <= movement.at <= asked.end
        ]
        config = self._config.money_in
        size = config.pull_page_rows
        first = asked.offset if config.pull_by_rows else asked.offset * size
        page = rows[first : first + size]
        if not page:
            return Reply(200, pull_nothing_body(self._id(), config.pull_empty_code))
        body = pull_page_body(
            self._id(),
            page,
            self._config.business_name,
            pages=-(-len(rows) // size),
            shape=config.pull_shape,
            zulu=config.pull_zulu,
        )
        return Reply(200, body)

    async def qr(self, content_type: str, raw: bytes) -> Reply:
        """POST /mpesa/qrcode/v1/generate."""
        text, size_px = read_qr(content_type, raw)
        return Reply(200, qr_body(self._id(), text, size_px))

    def _id(self) -> str:
        return merchant_request_id(self._rng)
