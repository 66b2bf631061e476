"""The gateway's order, each product's words for a refused token, and the causes that can be played."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import httpx
import pytest

from daraja.simulator import OAUTH_PATH, PUSH_PATH, Cause, Product, SimulatorServer
from daraja.simulator.addresses import ADDRESSES
from daraja.simulator.levers import Endpoint
from tests.daraja_simulator.conftest import Clock, Merchant

NO_PRODUCT = "Error Occurred - Invalid Access Token - Invalid API call as no apiproduct match found"
BARE = "Error Occurred - Invalid Access Token - "


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    body = answer.json()
    return answer.status_code, body["errorCode"], body["errorMessage"]


@pytest.mark.parametrize("endpoint", ADDRESSES)
async def test_token_comes_before_product_and_product_before_body(
    merchant: Merchant, endpoint: Endpoint
) -> None:
    path, product = ADDRESSES[endpoint].path, ADDRESSES[endpoint].product
    token, merchant.token = merchant.token, "never-minted"
    merchant.simulator.daraja.gate.products = frozenset()
    status, code, words = refusal(await merchant.post(path, {}))
    assert "Invalid Access Token" in words
    assert "apiproduct" not in words
    merchant.token = token
    assert refusal(await merchant.post(path, {}))[:2] == (status, code)
    merchant.simulator.daraja.gate.products = frozenset({product})
    assert refusal(await merchant.post(path, {}))[:2] in {(400, "400.002.02"), (400, "400.002.05")}


@pytest.mark.parametrize(
    ("product", "bare", "missing"),
    [
        (
            Product.STK,
            (404, "404.001.03", "Invalid Access Token"),
            (404, "404.001.03", "Invalid Access Token"),
        ),
        (
            Product.REVERSAL,
            (404, "404.001.03", "Invalid Access Token"),
            (404, "404.001.03", "Invalid Access Token"),
        ),
        (Product.STATUS, (400, "400.003.01", BARE), (400, "400.003.01", NO_PRODUCT)),
        (Product.C2B_V1, (401, "401.003.01", BARE), (401, "401.003.01", NO_PRODUCT)),
        (Product.C2B_V2, (401, "401.003.01", BARE), (401, "401.003.01", NO_PRODUCT)),
        (Product.PULL, (401, "401.001", BARE), (401, "401.001", NO_PRODUCT)),
    ],
)
async def test_each_product_refuses_a_token_in_its_own_words(
    merchant: Merchant, product: Product, bare: tuple[int, str, str], missing: tuple[int, str, str]
) -> None:
    path = next(address.path for address in ADDRESSES.values() if address.product is product)
    merchant.simulator.play(Cause.NO_PRODUCTS)
    assert refusal(await merchant.post(path, {})) == missing
    merchant.simulator.play(Cause.WRONG_ENVIRONMENT)
    assert refusal(await merchant.post(path, {})) == bare


async def test_a_cause_is_played_over_http_until_it_is_ended(merchant: Merchant) -> None:
    play = {"cause": "stk_product_missing"}
    assert (await merchant.http.post("/simulator/cause", json=play)).json() == {"ok": True}
    assert refusal(await merchant.push())[1] == "404.001.03"
    assert (await merchant.http.post("/simulator/cause", json={"cause": "no such cause"})).status_code == 400
    assert (await merchant.http.post("/simulator/cause")).json() == {"ok": True}
    assert (await merchant.push()).json()["ResponseCode"] == "0"


@pytest.mark.parametrize("cause", Cause)
async def test_every_cause_can_be_played_and_a_reset_ends_it(merchant: Merchant, cause: Cause) -> None:
    merchant.simulator.play(cause)
    await merchant.simulator.reset()
    await merchant.log_in()
    assert (await merchant.push()).json()["ResponseCode"] == "0"


async def test_an_overview_cites_the_rows_that_a_cause_follows(merchant: Merchant) -> None:
    causes = (await merchant.http.get("/simulator/")).json()["causes"]
    assert set(causes) == set(Cause)
    assert causes["go_live_unfinished"]["cites"].startswith("section 2")


async def test_a_spoilt_header_hits_real_calls_and_leaves_empty_ones_alone(merchant: Merchant) -> None:
    merchant.simulator.play(Cause.HEADER_SPOILT_ON_CALLS)
    assert refusal(await merchant.push())[1] == "404.001.03"
    assert refusal(await merchant.post(PUSH_PATH, {}))[1] == "400.002.02"


async def test_a_rival_ends_one_token_and_then_rests(merchant: Merchant) -> None:
    merchant.simulator.play(Cause.RIVAL_ONCE)
    await merchant.log_in()
    assert refusal(await merchant.push())[1] == "404.001.03"
    await merchant.log_in()
    assert (await merchant.push()).json()["ResponseCode"] == "0"


async def test_answers_carry_one_date_by_the_simulators_clock() -> None:
    clock = Clock()
    async with SimulatorServer(clock=clock) as server, httpx.AsyncClient(base_url=server.url) as http:
        told = (await http.get(OAUTH_PATH)).headers.get_list("date")
        assert [parsedate_to_datetime(date) for date in told] == [clock.now]
        server.simulator.play(Cause.CLOCK_SKEW)
        late = parsedate_to_datetime((await http.get(OAUTH_PATH)).headers["date"])
        assert (late - clock.now).total_seconds() == 600
