"""What the simulator refuses, and in which words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import httpx
import pytest

from daraja.simulator import OAUTH_PATH, PUSH_PATH, QUERY_PATH, SimulatorConfig
from daraja.simulator.checks import is_callback_url

if TYPE_CHECKING:
    from tests.daraja_simulator.conftest import Merchant

    OpenMerchant = Callable[..., Awaitable[Merchant]]

GRANT = f"{OAUTH_PATH}?grant_type=client_credentials"
KEYS = ("simulator-key", "simulator-secret")


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    body = answer.json()
    assert body["requestId"]
    return answer.status_code, body["errorCode"], body["errorMessage"]


async def test_the_right_key_and_secret_get_a_token_of_28_characters(merchant: Merchant) -> None:
    body = (await merchant.http.get(GRANT, auth=KEYS)).json()
    assert len(body["access_token"]) == 28
    assert body["expires_in"] == "3599"


@pytest.mark.parametrize(
    ("path", "auth", "code"),
    [
        (GRANT, ("simulator-key", "wrong"), "400.008.01"),
        (GRANT, ("wrong", "simulator-secret"), "400.008.01"),
        (GRANT, None, "400.008.01"),
        (f"{GRANT}%20", KEYS, "400.008.02"),
        (OAUTH_PATH, KEYS, "400.008.02"),
    ],
)
async def test_a_token_is_refused(
    merchant: Merchant, path: str, auth: tuple[str, str] | None, code: str
) -> None:
    answer = await merchant.http.get(path, auth=auth)
    assert refusal(answer)[:2] == (400, code)


async def test_basic_that_is_not_base64_is_refused(merchant: Merchant) -> None:
    answer = await merchant.http.get(GRANT, headers={"authorization": "Basic ***"})
    assert refusal(answer)[:2] == (400, "400.008.01")


async def test_a_token_past_its_life_is_refused(merchant: Merchant) -> None:
    merchant.clock.forward(3598)
    assert (await merchant.push()).status_code == 200
    merchant.clock.forward(1)
    assert refusal(await merchant.push()) == (404, "404.001.03", "Invalid Access Token")


async def test_a_forgotten_token_is_refused_until_a_new_one_is_minted(merchant: Merchant) -> None:
    merchant.simulator.forget_tokens()
    assert refusal(await merchant.push())[:2] == (404, "404.001.03")
    await merchant.log_in()
    assert (await merchant.push()).status_code == 200


async def test_a_new_token_kills_the_old_one_where_so_configured(open_merchant: OpenMerchant) -> None:
    merchant = await open_merchant(SimulatorConfig(mint_invalidates=True))
    old = merchant.token
    await merchant.log_in()
    assert (await merchant.push()).status_code == 200
    merchant.token = old
    assert refusal(await merchant.push())[1] == "404.001.03"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "404.001.04"),
        ({"authorization": "Bearer "}, "404.001.03"),
        ({"authorization": "nonsense"}, "404.001.03"),
        ({"authorization": "Bearer nonsense"}, "404.001.03"),
    ],
)
async def test_the_gateway_looks_at_the_token_before_the_body(
    merchant: Merchant, headers: dict[str, str], code: str
) -> None:
    answer = await merchant.http.post(PUSH_PATH, content=b"not json", headers=headers)
    assert refusal(answer)[:2] == (404, code)


async def test_a_wrong_verb_is_refused(merchant: Merchant) -> None:
    answer = await merchant.http.get(PUSH_PATH, headers=merchant.bearer)
    assert refusal(answer) == (405, "405.001", "GET Method Not Allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("path", [f"{PUSH_PATH}/", "/mpesa/stkpush/v2/processrequest", "/"])
async def test_a_wrong_path_is_refused(merchant: Merchant, path: str) -> None:
    answer = await merchant.post(path, merchant.body())
    assert refusal(answer) == (404, "404.001.01", "Resource not found")


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"text"', b"\xff", b"[" * 200_000])
@pytest.mark.parametrize("path", [PUSH_PATH, QUERY_PATH])
async def test_a_body_that_is_no_json_object_is_refused(merchant: Merchant, path: str, raw: bytes) -> None:
    headers = merchant.bearer | {"content-type": "application/json"}
    answer = await merchant.http.post(path, content=raw, headers=headers)
    assert refusal(answer) == (400, "400.002.05", "Invalid Request Payload")


async def test_without_a_json_content_type_the_first_field_is_blamed(merchant: Merchant) -> None:
    answer = await merchant.http.post(
        PUSH_PATH, content=b"{}", headers=merchant.bearer | {"content-type": "text/plain"}
    )
    assert refusal(answer) == (400, "400.002.02", "Bad Request - Invalid BusinessShortCode")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BusinessShortCode", None),
        ("BusinessShortCode", "1234"),
        ("BusinessShortCode", True),
        ("Timestamp", None),
        ("Timestamp", "20261322090000"),
        ("Timestamp", "2026-11-22 09:00"),
        ("TransactionType", "CustomerPaybillOnline"),
        ("Amount", None),
        ("Amount", "0"),
        ("Amount", -5),
        ("Amount", 250_001),
        ("Amount", "10.50"),
        ("Amount", 1.5),
        ("Amount", True),
        ("PartyA", "0712345678"),
        ("PartyA", "254812345678"),
        ("PartyB", ""),
        ("PhoneNumber", "+254712345678"),
        ("PhoneNumber", "25471234567"),
        ("CallBackURL", None),
        ("CallBackURL", "http://school.invalid/paid"),
        ("CallBackURL", "https://school.invalid/paid twice"),
        ("AccountReference", None),
        ("AccountReference", "ABCDEFGHIJKLM"),
        ("AccountReference", "ADM/1042/24"),
        ("TransactionDesc", "fourteen chars"),
        ("TransactionDesc", 5),
    ],
)
async def test_each_field_is_checked(merchant: Merchant, name: str, value: object) -> None:
    answer = await merchant.post(PUSH_PATH, merchant.body(**{name: value}))
    assert refusal(answer) == (400, "400.002.02", f"Bad Request - Invalid {name}")
    assert merchant.simulator.prompts == []


@pytest.mark.parametrize(
    "changes",
    [
        {"Amount": 1},
        {"Amount": "250000"},
        {"PartyA": 254112345678},
        {"TransactionDesc": None},
        {"BusinessShortCode": "174379", "PartyB": 174379},
        {"CallBackURL": "http://127.0.0.1:8000/paid"},
    ],
)
async def test_numbers_and_text_are_taken_alike(merchant: Merchant, changes: dict[str, object]) -> None:
    answer = await merchant.post(PUSH_PATH, merchant.body(**changes))
    assert answer.json()["ResponseCode"] == "0"


async def test_another_shortcode_is_no_merchant(merchant: Merchant) -> None:
    answer = await merchant.push(BusinessShortCode="600000")
    assert refusal(answer) == (500, "500.001.1001", "Merchant does not exist")


@pytest.mark.parametrize("changes", [{"Password": "bm8="}, {"Password": None}, {"Password": "\ud800"}])
async def test_a_wrong_password_is_refused(merchant: Merchant, changes: dict[str, object]) -> None:
    answer = await merchant.post(PUSH_PATH, merchant.body(**changes))
    assert refusal(answer) == (500, "500.001.1001", "Wrong credentials")


async def test_the_password_must_hold_the_very_timestamp_of_the_body(merchant: Merchant) -> None:
    answer = await merchant.push(Timestamp="20261122090001")
    assert refusal(answer) == (500, "500.001.1001", "Wrong credentials")


async def test_the_query_checks_its_fields_too(merchant: Merchant) -> None:
    wrong = await merchant.query("ws_CO_1", Timestamp="x")
    assert refusal(wrong)[2] == "Bad Request - Invalid Timestamp"
    assert refusal(await merchant.query("ws_CO_1", Password="x"))[2] == "Wrong credentials"
    unknown = await merchant.query("ws_CO_22112026090000123712345678")
    assert refusal(unknown) == (400, "400.002.02", "Bad Request - Invalid CheckoutRequestID")


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://school.invalid/paid/1", True),
        ("https://school.invalid:8443/paid", True),
        ("http://localhost:9/paid", True),
        ("http://127.0.0.2/paid", True),
        ("http://[::1]:80/paid", True),
        ("http://localhost.school.invalid/", False),
        ("http://10.0.0.1/", False),
        ("ftp://127.0.0.1/", False),
        ("https:///paid", False),
        ("https://school.invalid:99999/", False),
        ("https://[school/", False),
        ("https://school.invalid/\n", False),
        ("paid", False),
    ],
)
def test_a_callback_goes_over_https_or_stays_on_this_machine(url: str, good: bool) -> None:
    assert is_callback_url(url) is good


async def test_every_post_is_kept_with_its_answer(merchant: Merchant) -> None:
    await merchant.push()
    await merchant.push(Amount="0")
    await merchant.post(PUSH_PATH, "no object")
    assert [push.answered for push in merchant.simulator.pushes] == ["accepted", "400.002.02", "400.002.05"]
    assert [push.amount for push in merchant.simulator.pushes] == ["1500", "0", ""]
    assert merchant.simulator.counts == {"oauth": 1, "push": 3}


async def test_a_record_never_shows_the_phone_by_itself(merchant: Merchant) -> None:
    await merchant.push()
    await merchant.simulator.settle_all()
    seen = repr([*merchant.simulator.pushes, *merchant.simulator.prompts, *merchant.simulator.callbacks])
    assert "712345678" not in seen + repr(merchant.simulator.books.movements)
