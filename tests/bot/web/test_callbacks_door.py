"""POST /daraja/stk/<token> and the probes, without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import ip_network

import httpx
import pytest
from starlette.applications import Starlette

from bot.services.callbacks import CallbackVerdict
from bot.web.app import create_web

TOKEN = "0123456789abcdef0123456789abcdef"
SAFARICOM = "196.201.214.200"
STRANGER = "203.0.113.9"
PROXY = "10.0.0.5"


class Desk:
    """Settles callbacks as the real one does, and remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[str, bytes]] = []
        self.broken = False
        self.ready = True

    async def settle(self, token: str, body: bytes) -> CallbackVerdict:
        if self.broken:
            raise OSError("disk full, and a secret in the text")
        self.given.append((token, body))
        return CallbackVerdict.ACCEPTED if token == TOKEN else CallbackVerdict.UNKNOWN_TOKEN

    async def is_ready(self) -> bool:
        if self.broken:
            raise OSError("no database")
        return self.ready


def caller(web: Starlette, address: str = STRANGER) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=web, client=(address, 40000))
    return httpx.AsyncClient(transport=transport, base_url="http://karo.test")


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with caller(create_web(desk.settle, desk.is_ready)) as client:
        yield client


async def test_a_stored_callback_is_answered_accepted(desk: Desk, client: httpx.AsyncClient) -> None:
    answer = await client.post(f"/daraja/stk/{TOKEN}", content=b'{"Body":{}}')
    assert (answer.status_code, answer.content) == (200, b'{"ResultCode":0,"ResultDesc":"Accepted"}')
    assert answer.headers["content-type"] == "application/json"
    assert desk.given == [(TOKEN, b'{"Body":{}}')]


async def test_junk_is_handed_on_as_it_came(desk: Desk, client: httpx.AsyncClient) -> None:
    answer = await client.post(f"/daraja/stk/{TOKEN}", content=b"\x00\xff not json")
    assert answer.status_code == 200
    assert desk.given == [(TOKEN, b"\x00\xff not json")]


@pytest.mark.parametrize(
    "token",
    ["", "short", TOKEN.upper(), TOKEN + "0", TOKEN[:-1] + "g", TOKEN[:-1] + "%0A", TOKEN + "/x", "٠" * 32],
)
async def test_what_is_no_token_is_not_found(desk: Desk, client: httpx.AsyncClient, token: str) -> None:
    answer = await client.post(f"/daraja/stk/{token}", content=b"{}")
    assert answer.status_code == 404
    assert desk.given == []


async def test_a_token_of_nobody_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.post("/daraja/stk/" + "f" * 32, content=b"{}")).status_code == 404


async def test_what_could_not_be_stored_asks_to_try_again(desk: Desk, client: httpx.AsyncClient) -> None:
    desk.broken = True
    answer = await client.post(f"/daraja/stk/{TOKEN}", content=b"{}")
    assert (answer.status_code, answer.json()) == (503, {"ResultCode": 1, "ResultDesc": "Try again later"})
    assert "secret" not in answer.text


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_only_post_is_taken(desk: Desk, client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, f"/daraja/stk/{TOKEN}")).status_code == 405
    assert desk.given == []


async def test_sixteen_kibibytes_pass_and_one_byte_more_fails(desk: Desk, client: httpx.AsyncClient) -> None:
    assert (await client.post(f"/daraja/stk/{TOKEN}", content=b"x" * 16384)).status_code == 200
    assert (await client.post(f"/daraja/stk/{TOKEN}", content=b"x" * 16385)).status_code == 413
    assert len(desk.given) == 1


async def test_a_body_without_length_is_counted_as_it_comes(desk: Desk, client: httpx.AsyncClient) -> None:
    async def drops() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b"x" * 1024

    assert (await client.post(f"/daraja/stk/{TOKEN}", content=drops())).status_code == 413
    assert desk.given == []


async def test_alive_and_ready_are_two_questions(desk: Desk, client: httpx.AsyncClient) -> None:
    desk.ready = False
    assert (await client.get("/healthz")).status_code == 200
    not_ready = await client.get("/readyz")
    assert (not_ready.status_code, not_ready.json()) == (503, {"ready": False})
    desk.ready = True
    assert (await client.get("/readyz")).status_code == 200
    desk.broken = True
    assert (await client.get("/readyz")).status_code == 503


@pytest.mark.parametrize("path", ["/healthz", f"/daraja/stk/{TOKEN}", "/nowhere"])
async def test_every_answer_carries_the_guarding_headers(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "server" not in headers


@pytest.mark.parametrize(
    ("peer", "forwarded", "status"),
    [
        (SAFARICOM, None, 200),
        (f"::ffff:{SAFARICOM}", None, 200),
        (STRANGER, None, 403),
        ("not-an-address", None, 403),
        (STRANGER, SAFARICOM, 403),  # a stranger writes the header himself
        (PROXY, SAFARICOM, 200),
        (PROXY, f"{SAFARICOM}:443", 200),
        (PROXY, STRANGER, 403),
        (PROXY, f"{SAFARICOM}, {STRANGER}", 403),  # the leftmost hop is anybody's word
        (PROXY, f"{STRANGER}, {SAFARICOM}, {PROXY}", 200),  # the rightmost that is no proxy of ours
        (PROXY, "", 403),
        (PROXY, "rubbish", 403),
    ],
)
async def test_only_a_named_proxy_speaks_for_its_client(
    desk: Desk, peer: str, forwarded: str | None, status: int
) -> None:
    web = create_web(
        desk.settle,
        desk.is_ready,
        callback_ips=[ip_network("196.201.214.0/24")],
        trusted_proxies=[ip_network("10.0.0.0/29")],
    )
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    async with caller(web, peer) as client:
        answer = await client.post(f"/daraja/stk/{TOKEN}", content=b"{}", headers=headers)
    assert answer.status_code == status


async def test_with_no_named_proxy_nobodys_header_is_believed(desk: Desk) -> None:
    web = create_web(desk.settle, desk.is_ready, callback_ips=[ip_network(SAFARICOM)])
    async with caller(web, PROXY) as client:
        answer = await client.post(
            f"/daraja/stk/{TOKEN}", content=b"{}", headers={"X-Forwarded-For": SAFARICOM}
        )
    assert answer.status_code == 403
