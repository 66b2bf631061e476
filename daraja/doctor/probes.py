"""Calls over the wire that can move no money: one POST, a time limit, and what came of it. Nothing here raises."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import httpx

from daraja.doctor.findings import Exchange
from daraja.doctor.reading import NEVER_SENT, Reading, exchange_of, read
from daraja.doctor.subject import Subject
from daraja.errors import NeverSent
from daraja.tokens import Token
from daraja.transport import WholeAnswers, failure_of

EMPTY: Final[dict[str, str]] = {}  # M-PESA refuses it before it does anything


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a probe. ahead_s: by how much M-PESA's clock is ahead of ours; None when it did not say."""

    exchange: Exchange
    reading: Reading
    ahead_s: float | None = None


class Prober:
    """Its own client over the subject's transport, since it must see raw statuses and headers."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._calls = 0
        self._http = httpx.AsyncClient(
            base_url=subject.base_url,
            transport=WholeAnswers(subject.transport(), subject.timeout_s),
            timeout=subject.timeout_s,
            follow_redirects=False,
            trust_env=False,
        )

    async def post(self, path: str, token: Token, body: dict[str, str], *secrets: str) -> Answer:
        """POST once, `pause_s` after the one before. secrets: those in the body that no answer may show."""
        if self._calls:
            await asyncio.sleep(self._subject.pause_s)
        self._calls += 1
        clock, began = self._subject.clock, time.perf_counter()
        at = clock()
        try:
            async with asyncio.timeout(self._subject.timeout_s):
                response = await self._http.post(
                    path, json=body, headers={"Authorization": f"Bearer {token.value}"}
                )
        except Exception as error:
            took_s = time.perf_counter() - began
            failed = Exchange(self.endpoint(path), at, None, trouble=trouble_of(error), took_s=took_s)
            return Answer(failed, read(failed))
        took_s = time.perf_counter() - began
        own = self._subject.credentials
        hidden = (token.value, own.consumer_key, own.consumer_secret, own.passkey, *secrets)
        exchange = exchange_of(
            self.endpoint(path), at, took_s, response.status_code, response.content, secrets=hidden
        )
        return Answer(exchange, read(exchange), _ahead_s(response.headers.get("date"), at, clock()))

    def endpoint(self, path: str) -> str:
        """Method and URL, as an Exchange shows it."""
        return f"POST {self._subject.base_url.rstrip('/')}{path}"

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def trouble_of(error: BaseException) -> str:
    """One word for a call that was not answered."""
    if isinstance(error, Exception) and isinstance(failure_of(error), NeverSent):
        return NEVER_SENT
    return type(error).__name__


def host_and_port(base_url: str) -> tuple[str, int, bool]:
    """Where a base URL leads: host, port, and whether by TLS."""
    parts = urlsplit(base_url)
    secure = parts.scheme == "https"
    return parts.hostname or "", parts.port or (443 if secure else 80), secure


def _ahead_s(date: str | None, before: datetime, after: datetime) -> float | None:
    if date is None:
        return None
    try:
        theirs = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    return (theirs - (before + (after - before) / 2)).total_seconds()
