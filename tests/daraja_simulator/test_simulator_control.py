"""Steering the simulator: scripted answers, the control routes, and what they show."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from daraja.simulator import OAUTH_PATH, PUSH_PATH, REPLIES, Break, Ending, Fault, Reply, Scenario
from daraja.simulator.orders import Orders
from tests.daraja_simulator.conftest import Merchant, password

PHONE = "254712345678"
OTHER = "254798765432"


async def steer(merchant: Merchant, action: str, **asked: object) -> httpx.Response:
    return await merchant.http.post(f"/simulator/{action}", json=asked)


async def look(merchant: Merchant, what: str = "") -> Any:
    return (await merchant.http.get(f"/simulator/{what}")).json()


@pytest.mark.parametrize(("name", "reply"), REPLIES.items())
async def test_every_scripted_answer_replaces_the_push_once(
    merchant: Merchant, name: str, reply: Fault | Reply
) -> None:
    assert (await steer(merchant, "fail", reply=name)).json() == {"ok": True}
    if isinstance(reply, Reply) and reply.breaks is not Break.NO:
        with pytest.raises(httpx.RemoteProtocolError):
            await merchant.push()
    else:
        answer = await merchant.push()
        assert answer.status_code == reply.status
        told = answer.json()["errorCode"] if isinstance(reply, Fault) else answer.text
        assert told == (reply.code if isinstance(reply, Fault) else reply.text)
    assert merchant.simulator.prompts == []
    assert (await merchant.push()).json()["ResponseCode"] == "0"


async def test_a_push_may_be_processed_under_an_error(merchant: Merchant) -> None:
    merchant.simulator.fail_next("push", "system_busy", processed=True)
    assert (await merchant.push()).json()["errorCode"] == "500.003.02"
    await merchant.simulator.settle_all()
    assert merchant.simulator.books.total_kes == 1500
    (seen,) = merchant.simulator.pushes
    assert seen.answered == "500.003.02"
    assert seen.checkout_request_id is not None


async def test_a_refusal_is_said_even_where_another_answer_was_ordered(merchant: Merchant) -> None:
    merchant.simulator.fail_next("push", "html_503", processed=True)
    assert (await merchant.push(Amount=0)).json()["errorCode"] == "400.002.02"


async def test_a_fault_for_one_phone_leaves_the_others_alone(merchant: Merchant) -> None:
    merchant.simulator.fail_next("push", "quota", phone=OTHER, times=None)
    assert (await merchant.push()).status_code == 200
    for _ in range(2):
        assert (await merchant.push(OTHER)).json()["errorCode"] == "500.003.03"
    merchant.simulator.clear_orders()
    assert (await merchant.push(OTHER)).status_code == 200


async def test_a_slow_answer_is_an_honest_one(merchant: Merchant) -> None:
    await steer(merchant, "fail", delay_s=0.001)
    assert (await merchant.push()).json()["ResponseCode"] == "0"


async def test_oauth_and_query_can_be_made_to_fail(merchant: Merchant) -> None:
    checkout_id = (await merchant.push()).json()["CheckoutRequestID"]
    await steer(merchant, "fail", endpoint="query", status=500, code="500.001.1001", message="")
    await steer(merchant, "fail", endpoint="oauth", status=503, text="<html></html>")
    failed = await merchant.query(checkout_id)
    assert (failed.status_code, failed.json()["errorMessage"]) == (500, "")
    blocked = await merchant.http.get("/oauth/v1/generate?grant_type=client_credentials")
    assert (blocked.status_code, blocked.text) == (503, "<html></html>")


async def test_scenarios_are_ordered_over_http(merchant: Merchant) -> None:
    await steer(merchant, "next", scenario="cancelled", phone=OTHER)
    await steer(merchant, "next", result_code="2006", result_desc="inactive")
    await steer(merchant, "next", scenario="duplicate", callbacks=2, phone=OTHER)
    for phone, amount in ((PHONE, 10), (OTHER, 10), (OTHER, 20)):
        await merchant.push(phone, Amount=amount)
        await steer(merchant, "settle")
    assert merchant.listener.codes == [2006, 1032, 0, 0]
    assert merchant.listener.bodies[0]["Body"]["stkCallback"]["ResultDesc"] == "inactive"


async def test_a_standing_order_holds_until_the_next_one(merchant: Merchant) -> None:
    merchant.simulator.set_next(Scenario.NO_FUNDS, PHONE, times=None)
    for amount in (1, 2):
        await merchant.push(Amount=amount)
        await merchant.simulator.settle_all()
    merchant.simulator.set_next(Ending("8"), PHONE, times=None)
    merchant.simulator.set_next("wrong_pin", PHONE)
    for amount in (3, 4):
        await merchant.push(Amount=amount)
        await merchant.simulator.settle_all()
    assert merchant.listener.codes == [1, 1, 2001, 8]


async def test_a_person_types_the_pin_over_http(merchant: Merchant) -> None:
    await steer(merchant, "next", scenario="manual")
    await merchant.push()
    (prompt,) = await look(merchant, "prompts")
    assert (prompt["ringing"], prompt["waits_for_person"], prompt["result_code"]) == (True, True, None)
    answered = await steer(merchant, "answer-prompt", phone=PHONE, answer="pin")
    assert answered.status_code == 200
    await merchant.simulator.wait_for_callbacks(1)
    (prompt,) = await look(merchant, "prompts")
    assert (prompt["ringing"], prompt["result_code"]) == (False, "0")
    again = await steer(merchant, "answer-prompt", phone=PHONE)
    assert (again.status_code, "no manual prompt" in again.json()["error"]) == (404, True)


async def test_books_pushes_and_callbacks_can_be_read(merchant: Merchant) -> None:
    await merchant.push()
    await steer(merchant, "settle")
    books = await look(merchant, "books")
    assert books["total_kes"] == 1500
    assert books["movements"][0]["account_reference"] == "ADM1042"
    assert books["movements"][0]["at"] == "2026-11-22T06:00:00+00:00"
    (push,) = await look(merchant, "pushes")
    assert (push["answered"], push["amount"], push["phone"]) == ("accepted", "1500", PHONE)
    (delivery,) = await look(merchant, "callbacks")
    assert (delivery["result_code"], delivery["status"]) == ("0", 200)
    overview = await look(merchant)
    assert {name: n for name, n in overview["requests"].items() if n} == {"oauth": 1, "push": 1}
    assert overview["last_digits"]["1032"] == "cancelled"


async def test_a_reset_empties_everything_but_the_tokens(merchant: Merchant) -> None:
    await steer(merchant, "next", scenario="manual", times=None)
    await merchant.push()
    await steer(merchant, "reset")
    for what in ("pushes", "callbacks", "prompts"):
        assert await look(merchant, what) == []
    assert (await look(merchant, "books"))["total_kes"] == 0
    await merchant.push()
    await merchant.simulator.settle_all()
    assert merchant.listener.codes == [0]


async def test_tokens_can_be_forgotten_over_http(merchant: Merchant) -> None:
    await steer(merchant, "forget-tokens")
    assert (await merchant.push()).json()["errorCode"] == "404.001.03"


async def minted(merchant: Merchant, key: str, secret: str) -> httpx.Response:
    return await merchant.http.get(f"{OAUTH_PATH}?grant_type=client_credentials", auth=(key, secret))


@pytest.mark.parametrize("new", [("new-key", "simulator-secret"), ("simulator-key", "new-secret")])
async def test_a_new_pair_ends_the_old_one_and_its_tokens(merchant: Merchant, new: tuple[str, str]) -> None:
    await steer(merchant, "rotate-credentials", consumer_key=new[0], consumer_secret=new[1])
    assert (await merchant.push()).json()["errorCode"] == "404.001.03"
    refused = await minted(merchant, "simulator-key", "simulator-secret")
    assert refused.json()["errorCode"] == "400.008.01"
    merchant.token = (await minted(merchant, *new)).json()["access_token"]
    assert (await merchant.push()).json()["ResponseCode"] == "0"


async def test_a_new_passkey_ends_the_old_one_but_neither_tokens_nor_prompts(merchant: Merchant) -> None:
    await steer(merchant, "next", scenario="manual")
    checkout_id = (await merchant.push()).json()["CheckoutRequestID"]
    await steer(merchant, "rotate-credentials", passkey="another")
    assert (await merchant.push(OTHER)).json()["errorCode"] == "500.001.1001"
    assert (await merchant.query(checkout_id)).json()["errorMessage"] == "Wrong credentials"
    fit = password(config=merchant.simulator.config)
    merchant.simulator.answer_prompt(PHONE)
    await merchant.simulator.settle_all()
    answer = await merchant.query(checkout_id, Password=fit)
    assert answer.json()["ResultCode"] == "0"
    assert (await merchant.push(OTHER, Password=fit)).json()["ResponseCode"] == "0"


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        ("next", {"scenario": "holiday"}),
        ("next", {"phone": "0712345678"}),
        ("next", {"times": 0}),
        ("next", {"times": "often"}),
        ("next", {"callbacks": -1}),
        ("fail", {}),
        ("fail", {"reply": "nonsense"}),
        ("fail", {"reply": "quota", "endpoint": "letter"}),
        ("fail", {"code": "1", "status": "x"}),
        ("fail", {"delay_s": "x"}),
        ("rotate-credentials", {}),
        ("rotate-credentials", {"passkey": ""}),
        ("answer-prompt", {}),
        ("answer-prompt", {"phone": PHONE, "answer": "sing"}),
    ],
)
async def test_a_control_request_that_makes_no_sense_is_refused_in_a_sentence(
    merchant: Merchant, action: str, asked: dict[str, object]
) -> None:
    answer = await steer(merchant, action, **asked)
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize("raw", [b"{", b"[]"])
async def test_a_control_body_that_is_no_object_is_refused(merchant: Merchant, raw: bytes) -> None:
    assert (await merchant.http.post("/simulator/next", content=raw)).status_code == 400


async def test_a_body_with_broken_text_can_still_be_shown(merchant: Merchant) -> None:
    await merchant.post(PUSH_PATH, {"AccountReference": "\ud800"})
    assert (await look(merchant, "pushes"))[0]["account_reference"] == "?"


def test_orders_for_a_phone_come_before_orders_for_any() -> None:
    orders: Orders[str] = Orders()
    orders.add("any, always", None, None)
    orders.add("any, once", None, 1)
    orders.add("hers, always", PHONE, None)
    orders.add("hers, twice", PHONE, 2)
    hers = [orders.take(PHONE) for _ in range(4)]
    assert hers == ["hers, twice", "hers, twice", "hers, always", "hers, always"]
    assert [orders.take(OTHER) for _ in range(3)] == ["any, once", "any, always", "any, always"]
    assert len(orders) == 2
