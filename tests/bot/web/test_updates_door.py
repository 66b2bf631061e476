"""POST /telegram/<secret>: only Telegram comes in, and it hears 200 after an update is on disk, never before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from bot.services.callbacks import CallbackVerdict
from bot.web.app import create_web
from bot.web.server import serving
from bot.web.updates import telegram_route

PATH, HEADER = "a-path-that-nobody-knows", "a_header_that_nobody_knows"
TOLD = {"X-Telegram-Bot-Api-Secret-Token": HEADER}


class Desk:
    """Stores updates as the real one does, and remembers in which order things happened."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.bodies: list[bytes] = []
        self.address: str | None = "41"
        self.broken = False

    async def store(self, body: bytes) -> str | None:
        await asyncio.sleep(0)
        if self.broken:
            raise OSError("disk full, and a secret in the text")
        self.bodies.append(body)
        self.happened.append("stored")
        return self.address

    def begin(self, address: str) -> None:
        self.happened.append(f"begun {address}")


def web(desk: Desk) -> Starlette:
    async def settle(_token: str, _body: bytes) -> CallbackVerdict:
        return CallbackVerdict.UNKNOWN_TOKEN

    async def ready() -> bool:
        return True

    route = telegram_route(PATH, HEADER, desk.store, desk.begin, body_timeout_s=0.2)
    return create_web(settle, ready, more=[route])


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=web(desk))
    async with httpx.AsyncClient(transport=transport, base_url="http://karo.test") as client:
        yield client


async def test_an_update_is_stored_answered_and_worked_on(desk: Desk, client: httpx.AsyncClient) -> None:
    answer = await client.post(f"/telegram/{PATH}", content=b'{"update_id": 1}', headers=TOLD)
    assert (answer.status_code, answer.content) == (200, b"")
    assert desk.bodies == [b'{"update_id": 1}']
    assert desk.happened == ["stored", "begun 41"]


@pytest.mark.parametrize(
    ("path", "header"),
    [
        (PATH, None),
        (PATH, ""),
        (PATH, HEADER + "x"),
        (PATH, HEADER[:-1]),
        (PATH, HEADER.upper()),
        (PATH, "ä"),
        ("x", HEADER),
        (PATH + "x", HEADER),
        (PATH[:-1], HEADER),
        (HEADER, PATH),
        ("%C3%A4%FF", HEADER),
        ("x", None),
    ],
)
async def test_whoever_does_not_know_both_secrets_hears_always_the_same(
    desk: Desk, client: httpx.AsyncClient, path: str, header: str | None
) -> None:
    headers = [] if header is None else [(b"X-Telegram-Bot-Api-Secret-Token", header.encode("latin-1"))]
    answer = await client.post(f"/telegram/{path}", content=b'{"update_id": 1}', headers=headers)
    never = await client.post("/telegram/never", content=b"")
    assert answer.status_code == 404
    assert (answer.content, sorted(answer.headers.items())) == (never.content, sorted(never.headers.items()))
    assert desk.happened == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
async def test_only_post_is_taken(desk: Desk, client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, f"/telegram/{PATH}", headers=TOLD)).status_code == 405
    assert desk.happened == []


async def test_what_could_not_be_stored_is_to_come_again(desk: Desk, client: httpx.AsyncClient) -> None:
    desk.broken = True
    answer = await client.post(f"/telegram/{PATH}", content=b'{"update_id": 1}', headers=TOLD)
    assert (answer.status_code, answer.content) == (503, b"")
    assert desk.happened == []


async def test_what_nobody_can_read_is_not_to_come_again(desk: Desk, client: httpx.AsyncClient) -> None:
    desk.address = None
    assert (await client.post(f"/telegram/{PATH}", content=b"{", headers=TOLD)).status_code == 200
    assert desk.happened == ["stored"]


async def test_sixty_four_kibibytes_are_kept_and_more_is_not_to_come_again(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    for size in (65536, 65537, 2_000_000):
        answer = await client.post(f"/telegram/{PATH}", content=b"x" * size, headers=TOLD)
        assert answer.status_code == 200
    assert [len(body) for body in desk.bodies] == [65536]


@pytest.mark.parametrize("secrets", [("", HEADER), (PATH, "")])
def test_an_empty_secret_is_refused(desk: Desk, secrets: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="empty secret"):
        telegram_route(*secrets, desk.store, desk.begin)


async def test_on_a_socket_a_body_too_large_is_answered_and_one_that_never_ends_is_cut_off(
    desk: Desk,
) -> None:
    async with serving(web(desk), "127.0.0.1", 0) as url:

        async def tell(length: int, body: bytes) -> str:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
            head = f"POST /telegram/{PATH} HTTP/1.1\r\nHost: karo.test\r\nContent-Length: {length}\r\n"
            writer.write(f"{head}X-Telegram-Bot-Api-Secret-Token: {HEADER}\r\n\r\n".encode() + body)
            await writer.drain()
            answer = await reader.read(4096)
            writer.close()
            await writer.wait_closed()
            return answer.decode()

        assert (await tell(200_000, b"x" * 200_000)).startswith("HTTP/1.1 200")
        assert (await tell(100, b"x")).startswith("HTTP/1.1 408")
        assert (await tell(2, b"{}")).startswith("HTTP/1.1 200")
    assert desk.bodies == [b"{}"]
