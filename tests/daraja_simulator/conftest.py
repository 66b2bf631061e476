"""A merchant with a listener of its own, talking to the simulator in process."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from daraja.simulator import (
    LAST_DIGITS,
    OAUTH_PATH,
    PUSH_PATH,
    QUERY_PATH,
    Scenario,
    Simulator,
    SimulatorConfig,
    create_app,
)

PHONE = "254712345678"
STAMP = "20261122090000"
MERCHANT_REQUEST_ID = r"[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}[0-9]{6}"
FAST = SimulatorConfig(prompt_s=0, callback_delay_s=0, late_s=0, seed=7)


@dataclass
class Clock:
    """A clock that moves only when told."""

    now: datetime = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Listener:
    """The merchant's callback address: keeps what came, answers with `status`."""

    status: int = 200
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    on_callback: Callable[[], None] = lambda: None

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/paid/{token}", self._receive, methods=["POST"])])

    @property
    def codes(self) -> list[int | str]:
        return [body["Body"]["stkCallback"]["ResultCode"] for body in self.bodies]

    async def _receive(self, request: Request) -> Response:
        self.bodies.append(json.loads(await request.body()))
        self.headers.append(dict(request.headers))
        self.on_callback()
        return JSONResponse({"ResultCode": 0, "ResultDesc": "Accepted"}, self.status)


def password(stamp: str = STAMP, config: SimulatorConfig = FAST) -> str:
    return base64.b64encode(f"{config.shortcode}{config.passkey}{stamp}".encode()).decode()


@dataclass
class Merchant:
    """A Daraja client of the barest kind."""

    http: httpx.AsyncClient
    simulator: Simulator
    listener: Listener
    clock: Clock
    token: str = ""

    async def log_in(self) -> None:
        answer = await self.http.get(
            f"{OAUTH_PATH}?grant_type=client_credentials", auth=("simulator-key", "simulator-secret")
        )
        self.token = answer.json()["access_token"]

    def body(self, **changes: object) -> dict[str, object]:
        """A sound push; a change to None leaves the field out."""
        sound: dict[str, object] = {
            "BusinessShortCode": 174379,
            "Password": password(),
            "Timestamp": STAMP,
            "TransactionType": "CustomerPayBillOnline",
            "Amount": "1500",
            "PartyA": PHONE,
            "PartyB": "174379",
            "PhoneNumber": changes.get("PartyA", PHONE),
            "CallBackURL": "https://school.invalid/paid/abc",
            "AccountReference": "ADM1042",
            "TransactionDesc": "School fees",
        }
        return {name: value for name, value in (sound | changes).items() if value is not None}

    async def push(self, phone: str = PHONE, **changes: object) -> httpx.Response:
        return await self.post(PUSH_PATH, self.body(PartyA=phone, **changes))

    async def pushed(self, phone: str = PHONE, **changes: object) -> str:
        """Push and be accepted; the CheckoutRequestID."""
        answer = await self.push(phone, **changes)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["ResponseCode"] == "0"
        assert re.fullmatch(MERCHANT_REQUEST_ID, body["MerchantRequestID"])
        return str(body["CheckoutRequestID"])

    async def result(self, checkout_id: str) -> str:
        """What the query says: a result code or an error code."""
        body = (await self.query(checkout_id)).json()
        assert not {"MpesaReceiptNumber", "Amount"} & body.keys()
        return str(body.get("ResultCode") or body["errorCode"])

    @staticmethod
    def phone_for(scenario: Scenario) -> str:
        """A phone whose last digits mean that scenario."""
        return next(f"25471234{end}" for end, meant in LAST_DIGITS.items() if meant is scenario)

    async def query(self, checkout_id: str, **changes: object) -> httpx.Response:
        body = {"BusinessShortCode": "174379", "Password": password(), "Timestamp": STAMP}
        return await self.post(QUERY_PATH, body | {"CheckoutRequestID": checkout_id} | changes)

    async def post(self, path: str, body: object) -> httpx.Response:
        headers = self.bearer | {"content-type": "application/json"}
        return await self.http.post(path, content=json.dumps(body), headers=headers)

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def open_merchant(listener: Listener) -> AsyncIterator[Callable[..., Any]]:
    """Make a merchant at a simulator of the given config, logged in."""
    async with AsyncExitStack() as stack:

        async def opened(config: SimulatorConfig = FAST) -> Merchant:
            clock = Clock()
            to_listener = httpx.AsyncClient(transport=httpx.ASGITransport(listener.app))
            await stack.enter_async_context(to_listener)
            app = create_app(config, clock=clock, http=to_listener)
            simulator: Simulator = app.state.simulator
            await stack.enter_async_context(simulator)
            http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulator")
            await stack.enter_async_context(http)
            merchant = Merchant(http, simulator, listener, clock)
            await merchant.log_in()
            return merchant

        yield opened


@pytest.fixture
async def merchant(open_merchant: Callable[..., Any]) -> Merchant:
    made: Merchant = await open_merchant()
    return made
