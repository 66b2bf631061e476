"""GET /metrics: what it says, what it never says, and who may read it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from importlib.metadata import version
from ipaddress import ip_network
from pathlib import Path
from platform import python_version

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.services.callbacks import CallbackVerdict
from bot.services.pulse import Taken
from bot.web.app import create_web
from bot.web.guard import Network
from bot.web.metrics import Measured, metrics_route
from storage import leases, payments
from storage.database import READERS as READERS_AT_ONCE
from storage.database import Unit
from storage.payment_state import PaymentStatus
from tests.bot.web.measuring import Measuring, measuring
from tests.builders import NOON, PHONE, a_guardian_with_children, a_payment_in, a_sent_payment, announce

TOKEN = "0123456789abcdef0123456789abcdef"
READER, STRANGER, PROXY = "10.1.2.3", "203.0.113.9", "10.0.0.5"
READERS = (ip_network("10.1.0.0/16"),)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Measuring]:
    async with measuring(tmp_path) as here:
        yield here


def door(here: Measuring, *, allow: Sequence[Network] = READERS, proxies: Sequence[Network] = ()) -> Measured:
    """The web door as a process serves it. A callback whose body says so meets a database in trouble."""

    async def settle(token: str, body: bytes) -> CallbackVerdict:
        if body == b"trouble":
            raise OSError("disk full")
        return CallbackVerdict.ACCEPTED if token == TOKEN else CallbackVerdict.UNKNOWN_TOKEN

    async def ready() -> bool:
        return True

    route = metrics_route(here.desk.figures, here.metrics, allow)
    return Measured(create_web(settle, ready, more=[route], trusted_proxies=proxies), here.metrics)


def caller(web: ASGIApp, address: str = READER, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=web, client=(address, 40000))
    return httpx.AsyncClient(transport=transport, base_url="http://karo.test", headers=headers)


async def test_an_empty_school_is_read_in_zeros(here: Measuring) -> None:
    async with caller(door(here)) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    page = here.page(answer.content)
    assert page['karo_payments_open{status="uncertain"}'] == 0
    assert page['karo_message_oldest_due_seconds{kind="receipt"}'] == 0
    assert page['karo_processes_alive{kind="worker"}'] == 0
    assert page["karo_database_up"] == page["karo_callbacks_expected"] == 1
    assert "karo_callback_taken_timestamp_seconds" not in page
    assert all(name.startswith("karo_") for name in page)


async def test_it_says_what_stands_in_the_book(here: Measuring) -> None:
    def work(unit: Unit) -> None:
        a_sent_payment(unit, a_guardian_with_children(unit, here.school_id))
        lost = a_payment_in(unit, a_guardian_with_children(unit, here.school_id), PaymentStatus.SENDING)
        payments.move(unit, lost.id, PaymentStatus.FAILED, now=NOON, announce=announce, cause="no_token")
        leases.take(unit, here.school_id, "sender", "here:1:ab", now=NOON, lease_s=10)

    await here.database.write(work)
    await here.pulse.begin()
    here.turn(minutes=2)
    page = await here.read()
    assert page['karo_payments_open{status="requested"}'] == 1
    assert page['karo_payment_oldest_age_seconds{status="requested"}'] == 120
    assert page['karo_payments_settled{cause="no_token",status="failed",window="15m"}'] == 1
    assert page["karo_check_oldest_overdue_seconds"] == 90
    assert page['karo_lease_until_timestamp_seconds{lease="sender"}'] == NOON.timestamp() + 10
    assert page['karo_lease_holder_info{holder="here:1:ab",lease="sender"}'] == 1
    assert page['karo_process_seen_timestamp_seconds{kind="web"}'] == NOON.timestamp()


async def test_no_name_no_phone_and_no_secret_stands_in_it(here: Measuring) -> None:
    def work(unit: Unit) -> None:
        family = a_guardian_with_children(
            unit, here.school_id, phone=PHONE, name="Mama Amani", address="7700"
        )
        a_sent_payment(unit, family, token=TOKEN, checkout_id="ws_CO_1")

    await here.database.write(work)
    async with caller(door(here)) as client:
        await client.post(f"/daraja/stk/{TOKEN}", content=b"{}")
        await client.get(f"/{TOKEN}?code={TOKEN}")
        page = (await client.get("/metrics")).text
    told = [
        secret
        for secret in (TOKEN, PHONE, PHONE[-9:], "Mama", "Achieng", "Uhuru", "7700", "ws_CO")
        if secret in page
    ]
    assert told == []


async def test_requests_are_counted_by_template_and_status(here: Measuring) -> None:
    async with caller(door(here)) as client:
        await client.post(f"/daraja/stk/{TOKEN}", content=b"{}")
        await client.post(f"/daraja/stk/{TOKEN}", content=b"trouble")
        await client.get(f"/daraja/stk/{TOKEN}")
        await client.get("/wp-login.php")
        page = here.page((await client.get("/metrics")).content)
    counted = {series: n for series, n in page.items() if series.startswith("karo_http_requests_total")}
    stk = 'route="/daraja/stk/{token}"'
    assert counted == {
        f'karo_http_requests_total{{{stk},status="200"}}': 1,
        f'karo_http_requests_total{{{stk},status="503"}}': 1,
        f'karo_http_requests_total{{{stk},status="405"}}': 1,
        'karo_http_requests_total{route="(none)",status="404"}': 1,
    }
    assert page[f"karo_http_request_seconds_count{{{stk}}}"] == 3


async def test_a_door_that_falls_over_is_counted_as_an_error(here: Measuring) -> None:
    async def falls(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise LookupError("a bug")

    async with caller(Measured(falls, here.metrics)) as client:
        with pytest.raises(LookupError):
            await client.get("/healthz")
    assert (await here.read())['karo_http_requests_total{route="(none)",status="500"}'] == 1


@pytest.mark.parametrize(
    ("address", "headers", "proxies", "status"),
    [
        (READER, {}, (), 200),
        (STRANGER, {}, (), 404),
        (f"::ffff:{READER}", {}, (), 200),
        (READER, {"X-Forwarded-For": STRANGER}, (), 404),
        (READER, {"X-Forwarded-For": READER}, (), 404),
        (READER, {"Forwarded": f"for={READER}"}, (PROXY,), 404),
        (READER, {"Via": "1.1 somebody"}, (), 404),
        (READER, {"X-Real-IP": READER}, (PROXY,), 404),
        (STRANGER, {"X-Forwarded-For": READER}, (PROXY,), 404),
        (READER, {"X-Forwarded-For": READER}, (PROXY,), 404),
        (PROXY, {"X-Forwarded-For": READER}, (PROXY,), 200),
        (PROXY, {"X-Forwarded-For": f"{READER}, {STRANGER}"}, (PROXY,), 404),
        (PROXY, {"X-Forwarded-For": STRANGER}, (PROXY,), 404),
        (PROXY, {"X-Forwarded-For": ""}, (PROXY,), 404),
    ],
)
async def test_who_may_read(
    here: Measuring, address: str, headers: dict[str, str], proxies: tuple[str, ...], status: int
) -> None:
    allow = (*READERS, ip_network(f"{PROXY}/32"))
    web = door(here, allow=allow, proxies=[ip_network(proxy) for proxy in proxies])
    async with caller(web, address, **headers) as client:
        assert (await client.get("/metrics")).status_code == status
        assert (await client.post("/metrics")).status_code == (405 if status == 200 else 404)


async def test_nobody_may_read_when_nobody_is_named(here: Measuring) -> None:
    async with caller(door(here, allow=())) as client:
        assert (await client.get("/metrics")).status_code == 404


async def test_a_stranger_finds_what_is_nowhere(here: Measuring) -> None:
    async with caller(door(here), STRANGER) as client:
        refused, nowhere = await client.get("/metrics"), await client.get("/nowhere")
    assert (refused.status_code, refused.content) == (nowhere.status_code, nowhere.content)


async def test_the_other_format_is_given_to_who_asks_for_it(here: Measuring) -> None:
    async with caller(door(here), accept="application/openmetrics-text; version=1.0.0") as client:
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


async def test_a_snapshot_is_kept_for_five_seconds(here: Measuring) -> None:
    assert (await here.read())['karo_payments_open{status="requested"}'] == 0
    await here.database.write(
        lambda unit: a_sent_payment(unit, a_guardian_with_children(unit, here.school_id))
    )
    here.turn(seconds=4)
    assert (await here.read())['karo_payments_open{status="requested"}'] == 0
    here.turn(seconds=2)
    assert (await here.read())['karo_payments_open{status="requested"}'] == 1


async def test_however_many_ask_at_once_one_snapshot_is_read(here: Measuring) -> None:
    snapshots = await asyncio.gather(*(here.desk.figures() for _ in range(20)))
    assert len({id(snapshot) for snapshot in snapshots}) == 1


async def test_without_a_database_the_process_still_speaks_for_itself(here: Measuring) -> None:
    here.database.close()
    await here.pulse.beat()
    page = await here.read()
    assert (page["karo_database_up"], page["karo_database_writable"]) == (0, 0)
    assert (
        page[
            'karo_build_info{kind="web",python="' + python_version() + '",version="' + version("karo") + '"}'
        ]
        == 1
    )
    assert 'karo_payments_open{status="queued"}' not in page


async def test_a_database_that_hangs_does_not_hang_the_reader(tmp_path: Path) -> None:
    async with measuring(tmp_path, within_s=0.01) as here:
        goes_on = threading.Event()
        hanging = [
            asyncio.create_task(here.database.read(lambda _: goes_on.wait(30)))
            for _ in range(READERS_AT_ONCE)
        ]
        await asyncio.sleep(0)
        assert (await here.read())["karo_database_up"] == 0
        goes_on.set()
        await asyncio.gather(*hanging)
        await here.desk.close()
        assert (await here.read())["karo_database_up"] == 1


async def test_what_the_process_noted_and_counted_is_shown(here: Measuring) -> None:
    here.pulse.note(Taken.QUERY)
    here.tally.pushes["accepted"] += 2
    here.tally.queries["pending"] += 1
    await here.pulse.begin()
    page = await here.read()
    assert page['karo_pushes_total{outcome="accepted"}'] == 2
    assert page['karo_queries_total{outcome="pending"}'] == 1
    assert page["karo_query_answered_timestamp_seconds"] == NOON.timestamp()
    assert page['karo_processes_alive{kind="web"}'] == page["karo_database_writable"] == 1
    here.turn(seconds=36)
    assert (await here.read())['karo_processes_alive{kind="web"}'] == 0
