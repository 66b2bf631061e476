"""The client over ASGI: what reaches Daraja."""

from __future__ import annotations

import base64
import logging
from datetime import datetime, timedelta
from typing import Any

import pytest

from daraja import PRODUCTION_URL, SANDBOX_URL, AnswerLost, BadRequest, Credentials, DarajaClient, Refused
from tests.daraja.host import (
    CALLBACK_URL,
    CHECKOUT,
    CREDENTIALS,
    NOW,
    PHONE,
    SECRETS,
    STAMP,
    Host,
    heard,
    push,
    told_by,
    wire,
)


async def test_a_push_reaches_daraja_as_its_page_says() -> None:
    host = Host()
    host.answers.append((200, wire("push_accepted")))
    async with host.client() as client:
        accepted = await push(client, party_a="0798 765 432")
    assert accepted.checkout_request_id == "ws_CO_1007202409152617172396192"
    assert host.posts[0].path == "/mpesa/stkpush/v1/processrequest"
    assert host.posts[0].body == {
        "BusinessShortCode": 174379,
        "Password": base64.b64encode(f"174379invented-passkey{STAMP}".encode()).decode(),
        "Timestamp": STAMP,
        "TransactionType": "CustomerPayBillOnline",
        "Amount": 1500,
        "PartyA": 254798765432,
        "PartyB": 174379,
        "PhoneNumber": 254712345678,
        "CallBackURL": CALLBACK_URL,
        "AccountReference": "ADM104224",
        "TransactionDesc": "School fees",
    }


async def test_a_till_receives_by_its_own_number() -> None:
    host = Host()
    host.answers.append((200, wire("push_accepted")))
    async with host.client() as client:
        await push(client, transaction_type="CustomerBuyGoodsOnline", party_b="5551234")
    body = host.posts[0].body
    assert (body["BusinessShortCode"], body["PartyB"]) == (174379, 5551234)
    assert body["TransactionType"] == "CustomerBuyGoodsOnline"


async def test_a_query_asks_by_checkout_id() -> None:
    host = Host()
    host.answers.append((200, wire("query_paid")))
    async with host.client() as client:
        result = await client.stk_query(CHECKOUT)
    assert result.outcome == "paid"
    assert host.posts[0].path == "/mpesa/stkpushquery/v1/query"
    assert host.posts[0].body == {
        "BusinessShortCode": 174379,
        "Password": CREDENTIALS.password(STAMP),
        "Timestamp": STAMP,
        "CheckoutRequestID": CHECKOUT,
    }


async def test_password_and_timestamp_come_from_one_reading_of_the_clock() -> None:
    readings = iter(NOW + timedelta(seconds=tick) for tick in range(100))

    def ticking() -> datetime:
        return next(readings)

    host = Host()
    host.answers.extend([(200, wire("push_accepted")), (200, wire("query_paid"))])
    async with host.client(clock=ticking) as client:
        await push(client)
        await client.stk_query(CHECKOUT)
    for post in host.posts:
        stamp = post.body["Timestamp"]
        assert base64.b64decode(post.body["Password"]).decode() == f"174379invented-passkey{stamp}"


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        ("amount_kes", "Amount", 0),
        ("amount_kes", "Amount", 10.5),
        ("party_a", "PartyA", "255712345678"),
        ("phone_number", "PhoneNumber", ""),
        ("callback_url", "CallBackURL", "http://school.example/x"),
        ("account_reference", "AccountReference", "ADM/1"),
        ("transaction_desc", "TransactionDesc", "far too long to show"),
        ("party_b", "PartyB", ""),
    ],
)
async def test_a_bad_field_sends_nothing_at_all(field: str, name: str, value: Any) -> None:
    host = Host()
    async with host.client() as client:
        with pytest.raises(BadRequest) as caught:
            await push(client, **{field: value})
    assert caught.value.field == name
    assert (host.minted, host.posts) == (0, [])
    assert not value or str(value) not in str(caught.value)


async def test_redirects_are_not_followed() -> None:
    host = Host()
    host.answers.append((307, b""))
    async with host.client() as client:
        with pytest.raises(AnswerLost):
            await push(client)
    assert len(host.posts) == 1


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    host = Host()
    host.answers.append(
        (200, b'{"ResponseCode": "0", "CheckoutRequestID": "x", "more": "' + b"x" * 70_000 + b'"}')
    )
    async with host.client() as client:
        with pytest.raises(AnswerLost):
            await push(client)


@pytest.mark.parametrize(
    "base_url",
    [
        SANDBOX_URL,
        PRODUCTION_URL,
        "http://127.0.0.1:8099",
        "http://localhost:8099",
        "http://[::1]:8099",
        "https://proxy.example/daraja",
    ],
)
async def test_daraja_is_spoken_to_over_https_or_on_this_machine(base_url: str) -> None:
    await DarajaClient(CREDENTIALS, base_url=base_url).aclose()


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "http://sandbox.safaricom.co.ke",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "sandbox.safaricom.co.ke",
        "https://",
        "https://key:secret@sandbox.safaricom.co.ke",
        "https://sandbox.safaricom.co.ke?x=1",
        "https://sandbox.safaricom.co.ke#x",
        "https://sandbox. safaricom.co.ke",
    ],
)
def test_any_other_address_is_refused(base_url: str) -> None:
    with pytest.raises(BadRequest):
        DarajaClient(CREDENTIALS, base_url=base_url)


async def test_a_path_before_darajas_own_is_kept() -> None:
    host = Host()
    host.answers.append((200, wire("push_accepted")))
    async with host.client(base_url="https://proxy.example/daraja") as client:
        await push(client)
    assert host.posts[0].path == "/daraja/mpesa/stkpush/v1/processrequest"


async def test_closing_twice_is_harmless() -> None:
    client = DarajaClient(CREDENTIALS)
    await client.aclose()
    await client.aclose()


def test_credentials_are_trimmed_and_never_shown() -> None:
    credentials = Credentials(" key-1 ", "\tsecret-2\n", " 174379 ", " passkey-3\r\n")
    assert credentials == Credentials("key-1", "secret-2", "174379", "passkey-3")
    assert repr(credentials) == "Credentials(shortcode='174379')"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (("", "s", "174379", "p"), "consumer_key"),
        (("k", "  ", "174379", "p"), "consumer_secret"),
        (("k", "s", "1743", "p"), "shortcode"),
        (("k", "s", "174379", ""), "passkey"),
        (("ab****yz", "s", "174379", "p"), "consumer_key"),
        (("k", "s", "174379", "ab••••yz"), "passkey"),
    ],
)
def test_credentials_that_cannot_work_are_refused_without_showing_them(
    values: tuple[str, str, str, str], field: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        Credentials(*values)
    assert caught.value.field == field
    assert "yz" not in str(caught.value)


async def test_no_secret_gets_into_logs_even_at_debug(capsys: Any) -> None:
    host = Host()
    host.answers.extend(
        [
            (404, wire("error_token_refused")),
            (200, wire("push_accepted")),
            (500, wire("error_wrong_credentials")),
        ]
    )
    with heard("") as records:
        logging.getLogger("tests.canary").debug("the canary sings: %s", PHONE)
        async with host.client() as client:
            await push(client)
            with pytest.raises(Refused):
                await push(client)
    said = [told_by(record) for record in records]
    assert PHONE in said[0]
    told = "\n".join(said[1:]) + "".join(capsys.readouterr())
    assert "processrequest" in told
    assert [secret for secret in SECRETS if secret in told] == []
