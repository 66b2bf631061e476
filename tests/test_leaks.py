"""The scanner over the suite's logs is itself tried: it finds what was logged on purpose."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot import logs
from bot.playground.botapi import PLAYGROUND_TOKEN
from tests.leaks import SECRETS, RawLines, leaks_in

CANARIES = [*SECRETS, "254700000101", "0700000101", "ws_CO_191220191020363925712345678"]


@pytest.fixture
def raw() -> Iterator[RawLines]:
    """Our own loggers' lines of this test, kept away from the suite's."""
    root = logging.getLogger()
    others = root.handlers[:]
    handler = RawLines()
    root.handlers[:] = [handler]
    yield handler
    root.handlers[:] = others


@pytest.mark.parametrize("canary", CANARIES)
def test_the_scanner_finds_a_canary_logged_on_purpose(raw: RawLines, canary: str) -> None:
    structlog.get_logger("bot.canary").warning("canary", value=canary)

    assert len(leaks_in(raw.stream.getvalue())) == 1


@pytest.mark.parametrize("canary", CANARIES)
def test_the_mask_hides_the_same_canary(canary: str) -> None:
    written = io.StringIO()
    logs.configure("DEBUG", SECRETS, written)

    logging.getLogger("httpx").debug("POST /bot%s/sendMessage", canary)

    assert "sendMessage" in written.getvalue()
    assert leaks_in(written.getvalue()) == []


def test_an_innocent_line_is_not_a_leak() -> None:
    assert leaks_in(f"payment=17 status=paid masked=07••• 456 bot={PLAYGROUND_TOKEN[:4]}") == []
