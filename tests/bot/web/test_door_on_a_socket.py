"""The web door behind a real uvicorn on a real socket: what only a wire can do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.services.callbacks import CallbackVerdict
from bot.web.app import create_web
from bot.web.server import AddressInUse, serving

TOKEN = "0123456789abcdef0123456789abcdef"
HEAD = f"POST /daraja/stk/{TOKEN} HTTP/1.1\r\nHost: karo.test\r\n"


class Door:
    """The served door's port, and the bodies that came through it."""

    def __init__(self) -> None:
        self.port = 0
        self.bodies: list[bytes] = []

    async def settle(self, _token: str, body: bytes) -> CallbackVerdict:
        self.bodies.append(body)
        return CallbackVerdict.ACCEPTED

    async def ready(self) -> bool:
        return True

    async def tell(self, *parts: str) -> str:
        """Sends the parts on a connection of their own, keeps it open, and gives all that was answered."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for part in parts:
                writer.write(part.encode())
                await writer.drain()
            return (await reader.read(4096)).decode()
        finally:
            writer.close()
            await writer.wait_closed()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    door = Door()
    web = create_web(door.settle, door.ready, body_timeout_s=0.2)
    async with serving(web, "127.0.0.1", 0) as url:
        door.port = int(url.rsplit(":", 1)[1])
        yield door


def chunk(text: str) -> str:
    return f"{len(text):x}\r\n{text}\r\n"


async def test_a_callback_in_chunks_is_put_together(door: Door) -> None:
    answer = await door.tell(HEAD, "Transfer-Encoding: chunked\r\n\r\n", chunk("{"), chunk("}"), chunk(""))
    assert answer.startswith("HTTP/1.1 200")
    assert answer.endswith('{"ResultCode":0,"ResultDesc":"Accepted"}')
    assert door.bodies == [b"{}"]


async def test_no_banner_names_the_server(door: Door) -> None:
    answer = await door.tell(HEAD, "Content-Length: 2\r\n\r\n{}")
    assert "\r\nserver:" not in answer.lower()


async def test_chunks_without_end_are_cut_off(door: Door) -> None:
    answer = await door.tell(HEAD, "Transfer-Encoding: chunked\r\n\r\n", chunk("x" * 16384), chunk("x"))
    assert answer.startswith("HTTP/1.1 413")
    assert "connection: close" in answer.lower()
    assert door.bodies == []


async def test_a_huge_length_is_refused_before_the_body_is_sent(door: Door) -> None:
    answer = await door.tell(HEAD, "Content-Length: 1073741824\r\n\r\n")
    assert answer.startswith("HTTP/1.1 413")


async def test_a_body_that_never_ends_is_timed_out(door: Door) -> None:
    answer = await door.tell(HEAD, "Content-Length: 10\r\n\r\n", "{")
    assert answer.startswith("HTTP/1.1 408")
    assert door.bodies == []


async def test_a_caller_who_hangs_up_half_way_harms_nobody(door: Door) -> None:
    _reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write((HEAD + "Content-Length: 10\r\n\r\n{").encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await door.tell(HEAD, "Content-Length: 2\r\n\r\n{}")).startswith("HTTP/1.1 200")
    assert door.bodies == [b"{}"]


async def test_a_port_that_is_taken_is_said_in_a_sentence(door: Door) -> None:
    with pytest.raises(AddressInUse, match=f"cannot listen on 127.0.0.1 port {door.port}"):
        async with serving(create_web(door.settle, door.ready), "127.0.0.1", door.port):
            raise AssertionError("it listened twice")
