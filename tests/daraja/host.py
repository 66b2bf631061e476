"""A scripted Daraja for `httpx.ASGITransport`, and a socket server for what ASGI cannot do: break off."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from starlette.types import Receive, Scope, Send

from daraja import Credentials, DarajaClient, StkAccepted, Token

NOW = datetime(2026, 11, 22, 9, 0, 30, tzinfo=UTC)
STAMP = "20261122120030"  # the same moment in Nairobi
CREDENTIALS = Credentials("invented-key", "invented-secret", "174379", "invented-passkey")
PHONE = "254712345678"
CALLBACK_URL = "https://karo.invalid/daraja/stk/00112233445566778899aabbccddeeff"
CHECKOUT = "ws_CO_191220191020363925"
LIVE_TOKEN = Token("kept-token", datetime(2026, 11, 22, 9, 50, tzinfo=UTC))
SECRETS = (
    "invented-key",
    "invented-secret",
    "invented-passkey",
    CREDENTIALS.password(STAMP),
    "kept-token",
    "minted-",
    "Bearer",
    "Basic",
    PHONE,
    "712345678",
    "00112233445566778899aabbccddeeff",
    CHECKOUT,
)

Answer = tuple[int, bytes]


def wire(name: str) -> bytes:
    """A recorded body."""
    return (Path(__file__).parents[1] / "wire" / f"{name}.json").read_bytes()


def now() -> datetime:
    """The clock of these tests: it stands still."""
    return NOW


async def push(client: DarajaClient, **changes: Any) -> StkAccepted:
    """A push that M-PESA would take, but for `changes`."""
    fields: dict[str, Any] = {
        "amount_kes": 1500,
        "party_a": PHONE,
        "phone_number": PHONE,
        "callback_url": CALLBACK_URL,
        "account_reference": "ADM104224",
        "transaction_desc": "School fees",
    }
    return await client.stk_push(**(fields | changes))


def tell_tales(error: BaseException) -> list[str]:
    """The secrets that an exception, its causes or its traceback would show."""
    shown = "".join(traceback.format_exception(error))
    link: BaseException | None = error
    while link is not None:
        shown += f"{link!r} {link} {vars(link) if link is error else ''}"
        link = link.__cause__ or link.__context__
    return [secret for secret in SECRETS if secret in shown]


@contextmanager
def heard(name: str = "daraja") -> Iterator[list[logging.LogRecord]]:
    """The log's records of `name` and below ("" for all) in this block, from DEBUG up."""
    records: list[logging.LogRecord] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Ear(logging.DEBUG)
    logger = logging.getLogger(name)
    logger.addHandler(handler)
    try:
        yield records
    finally:
        logger.removeHandler(handler)


def told_by(record: logging.LogRecord) -> str:
    """Everything that a record tells: its message and what it was given beside it."""
    always = vars(logging.makeLogRecord({})).keys()
    beside = {key: value for key, value in vars(record).items() if key not in always}
    return f"{record.getMessage()} {beside} {record.exc_text or record.exc_info or ''}"


@dataclass
class Posted:
    """A POST that reached the host."""

    path: str
    token: str
    body: dict[str, Any]


@dataclass
class Host:
    """An ASGI app: `answers` for the POSTs in order, `oauth` for the token calls (else a good token)."""

    answers: deque[Answer] = field(default_factory=deque)
    oauth: deque[Answer] = field(default_factory=deque)
    posts: list[Posted] = field(default_factory=list)
    minted: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)  #: a token call has arrived
    minting: asyncio.Event | None = None  #: when given, a token call waits for it
    together: asyncio.Barrier | None = None  #: when given, a POST waits for so many others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        headers = {key.decode(): value.decode() for key, value in scope["headers"]}
        status, content = await self._answer(scope, headers, body)
        kind = b"application/json" if content.startswith(b"{") else b"text/html"
        fields = [(b"content-type", kind)]
        if 300 <= status < 400:
            fields.append((b"location", scope["path"].encode()))
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: Scope, headers: dict[str, str], body: bytes) -> Answer:
        if scope["method"] == "GET":
            self.minted += 1
            self.asked.set()
            number = self.minted
            if self.minting is not None:
                await self.minting.wait()
            if self.oauth:
                return self.oauth.popleft()
            return 200, json.dumps({"access_token": f"minted-{number}", "expires_in": "3599"}).encode()
        token = headers["authorization"].removeprefix("Bearer ")
        self.posts.append(Posted(scope["path"], token, json.loads(body)))
        if self.together is not None:
            await self.together.wait()
        return self.answers.popleft()

    def client(self, **options: Any) -> DarajaClient:
        """A client whose every call ends here."""
        return DarajaClient(CREDENTIALS, transport=httpx.ASGITransport(self), **{"clock": now, **options})
