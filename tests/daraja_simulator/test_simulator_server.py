"""The simulator over real sockets of this machine."""

from __future__ import annotations

import asyncio
import base64
import json
import signal
import socket

import httpx
import pytest
import uvicorn

from daraja.simulator import (
    OAUTH_PATH,
    PUSH_PATH,
    PromptAnswer,
    Scenario,
    SimulatorConfig,
    SimulatorServer,
    create_app,
)

FAST = SimulatorConfig(prompt_s=0, callback_delay_s=0, late_s=0)
KEYS = ("simulator-key", "simulator-secret")
STAMP = "20261122090000"


class Callbacks:
    """A bare HTTP server on a socket: keeps the bodies posted to it."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def __aenter__(self) -> Callbacks:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/paid/abc"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].splitlines()[0])
        self.bodies.append(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()


def push_body(phone: str, callback_url: str) -> dict[str, object]:
    config = SimulatorConfig()
    password = base64.b64encode(f"{config.shortcode}{config.passkey}{STAMP}".encode()).decode()
    return {
        "BusinessShortCode": config.shortcode,
        "Password": password,
        "Timestamp": STAMP,
        "TransactionType": "CustomerPayBillOnline",
        "Amount": 10,
        "PartyA": phone,
        "PartyB": config.shortcode,
        "PhoneNumber": phone,
        "CallBackURL": callback_url,
        "AccountReference": "ADM1042",
        "TransactionDesc": "Fees",
    }


async def push(http: httpx.AsyncClient, phone: str, callback_url: str) -> httpx.Response:
    answer = await http.get(f"{OAUTH_PATH}?grant_type=client_credentials", auth=KEYS)
    bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
    return await http.post(PUSH_PATH, json=push_body(phone, callback_url), headers=bearer)


async def test_a_payment_over_real_sockets() -> None:
    async with (
        Callbacks() as callbacks,
        SimulatorServer(FAST) as server,
        httpx.AsyncClient(base_url=server.url) as http,
    ):
        assert (await push(http, "254712345678", callbacks.url)).status_code == 200
        await server.simulator.wait_for_callbacks(1)
        assert server.simulator.callbacks[0].status == 200
        (moved,) = server.simulator.books.movements
        assert moved.receipt in callbacks.bodies[0].decode()


async def test_a_lost_answer_is_not_one_byte_on_the_wire() -> None:
    async with (
        Callbacks() as callbacks,
        SimulatorServer(FAST) as server,
        httpx.AsyncClient(base_url=server.url) as http,
    ):
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            await push(http, "254712349006", callbacks.url)
        await server.simulator.wait_for_callbacks(1)
        assert server.simulator.books.total_kes == 10
        assert json.loads(callbacks.bodies[0])["Body"]["stkCallback"]["ResultCode"] == 0
        assert (await http.get("/simulator/")).status_code == 200


async def test_half_an_answer_ends_in_the_middle() -> None:
    async with SimulatorServer(FAST) as server, httpx.AsyncClient(base_url=server.url) as http:
        server.simulator.fail_next("push", "half", processed=True)
        with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
            await push(http, "254712345678", "http://127.0.0.1:9/")
        await server.simulator.settle_all()
        assert server.simulator.books.total_kes == 10


async def test_on_another_server_a_lost_answer_ends_in_the_middle() -> None:
    app = create_app(FAST)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve([listening]))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.listen()
        async with httpx.AsyncClient(base_url=url) as http:
            with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
                await push(http, "254712349006", "http://127.0.0.1:9/")
        server.should_exit = True
    assert serving.done()
    assert app.state.simulator.books.total_kes in {0, 10}


async def test_a_callback_nobody_listens_to_is_noted() -> None:
    async with SimulatorServer(FAST) as server, httpx.AsyncClient(base_url=server.url) as http:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
            await push(http, "254712345678", url)
            await server.simulator.wait_for_callbacks(1)
        (delivery,) = server.simulator.callbacks
        assert (delivery.status, delivery.error) == (None, "ConnectError")


async def test_it_stops_in_the_middle_of_everything_and_leaves_signals_alone() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    async with SimulatorServer(SimulatorConfig(prompt_s=3600)) as server:
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
        async with httpx.AsyncClient(base_url=server.url) as http:
            server.simulator.set_next(Scenario.CALLBACK_FIRST)
            server.simulator.fail_next("push", None, phone="254798765432", delay_s=3600)
            hanging = [
                asyncio.create_task(push(http, phone, "http://127.0.0.1:9/"))
                for phone in ("254712345678", "254798765432")
            ]
            await server.simulator.wait_for_pushes(2)
            await server.simulator.aclose()
            assert [answer.status_code for answer in await asyncio.gather(*hanging)] == [200, 200]
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))


async def test_a_port_in_use_is_an_error() -> None:
    async with SimulatorServer() as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            await SimulatorServer(port=port).__aenter__()


async def test_a_person_pays_by_the_control_route() -> None:
    async with (
        Callbacks() as callbacks,
        SimulatorServer(FAST) as server,
        httpx.AsyncClient(base_url=server.url) as http,
    ):
        await push(http, "254712349009", callbacks.url)
        typed = {"phone": "254712349009", "answer": PromptAnswer.PIN}
        assert (await http.post("/simulator/answer-prompt", json=typed)).status_code == 200
        await server.simulator.wait_for_callbacks(1)
        assert server.simulator.books.total_kes == 10
