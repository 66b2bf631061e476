"""A school with Daraja's real client, its listener for C2B's reports, and a simulator, all in process."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from daraja import Credentials, DarajaClient, StkAccepted
from daraja.c2b import accept, acknowledge
from daraja.simulator import MoneyInConfig, Simulator, SimulatorConfig, create_app
from tests.daraja_simulator.conftest import FAST, PHONE, Clock

URL = "https://school.invalid"
CREDENTIALS = Credentials(FAST.consumer_key, FAST.consumer_secret, FAST.shortcode, FAST.passkey)


@dataclass
class Office:
    """Keeps every body that came, by the last part of its path; answers as told."""

    validates: dict[str, str] = field(default_factory=accept)
    status: int = 200
    came: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{what}", self._receive, methods=["POST"])])

    def bodies(self, what: str) -> list[dict[str, Any]]:
        return [json.loads(body) for kind, body in self.came if kind == what]

    async def _receive(self, request: Request) -> Response:
        what = str(request.path_params["what"])
        self.came.append((what, await request.body()))
        return JSONResponse(self.validates if what == "validation" else acknowledge(), self.status)


@dataclass
class Till:
    """The school's end of everything."""

    client: DarajaClient
    simulator: Simulator
    office: Office
    clock: Clock
    transport: httpx.ASGITransport

    def client_at(self, base_url: str) -> DarajaClient:
        """Another client, which takes this simulator for that address."""
        return DarajaClient(CREDENTIALS, base_url=base_url, transport=self.transport, clock=self.clock)

    async def register(self, **changes: Any) -> None:
        urls = {"validation_url": f"{URL}/validation", "confirmation_url": f"{URL}/confirmation"}
        await self.client.register_c2b(**(urls | changes))

    async def push(self, phone: str = PHONE, amount_kes: int = 1500) -> StkAccepted:
        return await self.client.stk_push(
            amount_kes=amount_kes,
            party_a=phone,
            phone_number=phone,
            callback_url=f"{URL}/callback",
            account_reference="ADM1042",
            transaction_desc="School fees",
        )

    def kinds(self) -> list[str]:
        """What came, in its order."""
        return [kind for kind, _ in self.office.came]


@asynccontextmanager
async def open_till(config: SimulatorConfig = FAST, **money_in: Any) -> AsyncIterator[Till]:
    """A school at a simulator of that config, `money_in` of it changed."""
    config = replace(config, money_in=MoneyInConfig(**money_in))
    office, clock = Office(), Clock()
    async with AsyncExitStack() as stack:
        http = httpx.AsyncClient(transport=httpx.ASGITransport(office.app))
        await stack.enter_async_context(http)
        app = create_app(config, clock=clock, http=http)
        simulator: Simulator = app.state.simulator
        await stack.enter_async_context(simulator)
        transport = httpx.ASGITransport(app)
        client = DarajaClient(CREDENTIALS, transport=transport, clock=clock)
        await stack.enter_async_context(client)
        yield Till(client, simulator, office, clock, transport)
