"""Transaction Status and Reversal against the simulator, by a client of the barest kind and by ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest

from daraja import Credentials, DarajaClient, Operator, parse_result, read_reversal, read_transaction_status
from daraja.simulator import RESULT_SCRIPTS, Ending, ResultScript, Simulator, create_app
from tests.daraja_simulator.conftest import FAST, PHONE, Clock, Listener, Merchant
from tests.daraja_simulator.operating import RESULT_URL, REVERSAL_PATH, STATUS_PATH, TIMEOUT_URL, Desk, Paid


@pytest.fixture
async def paid() -> AsyncIterator[Paid]:
    desk, clock = Desk(), Clock()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(desk.app)) as to_desk:
        app = create_app(FAST, clock=clock, http=to_desk)
        simulator: Simulator = app.state.simulator
        async with (
            simulator,
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulator") as http,
        ):
            merchant = Merchant(http, simulator, Listener(), clock)
            await merchant.log_in()
            await merchant.pushed()
            await simulator.settle_all()
            yield Paid(merchant, desk, simulator.books.movements[0])


async def test_a_receipt_in_the_books_is_completed_with_what_the_books_say(paid: Paid) -> None:
    assert await paid.told(STATUS_PATH) == "0"
    status = read_transaction_status(parse_result(paid.desk.results[0]))
    assert (status.outcome, status.receipt, status.amount) == (
        "completed",
        paid.movement.receipt,
        Decimal(1500),
    )
    assert status.finalised_at == paid.movement.at
    assert status.credited_shortcode == "174379"
    assert PHONE in status.debit_party
    assert status.original_conversation_id == paid.simulator.prompts[0].merchant_request_id


async def test_the_original_conversation_id_finds_the_same_payment(paid: Paid) -> None:
    original = paid.simulator.prompts[0].merchant_request_id
    assert await paid.told(STATUS_PATH, TransactionID=None, OriginalConversationID=original) == "0"
    status = read_transaction_status(parse_result(paid.desk.results[0]))
    assert status.receipt == paid.movement.receipt


async def test_a_receipt_that_is_not_in_the_books_gets_a_failing_result(paid: Paid) -> None:
    assert await paid.told(STATUS_PATH, TransactionID="TAH5J2K991") == "R000002"
    assert read_transaction_status(parse_result(paid.desk.results[0])).outcome == "unknown"


@pytest.mark.parametrize("path", [STATUS_PATH, REVERSAL_PATH])
@pytest.mark.parametrize(
    ("name", "value"),
    [("Initiator", ""), ("SecurityCredential", "short"), ("CommandID", "Other"), ("TransactionID", "tah 5"),
     ("ResultURL", "http://school.invalid/x"), ("ResultURL", "https://school.invalid/mpesa"),
     ("QueueTimeOutURL", None), ("Remarks", "x"), ("Remarks", "x" * 101), ("Occasion", "x" * 101)],
)  # fmt: skip
async def test_every_field_is_checked_before_anything_is_taken_on(
    paid: Paid, path: str, name: str, value: Any
) -> None:
    answer = await paid.post(path, **{name: value})
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "400.002.02")
    assert answer.json()["errorMessage"] == f"Bad Request - Invalid {name}"
    assert paid.simulator.operations.requests == []


@pytest.mark.parametrize(
    ("path", "changes", "name"),
    [
        (STATUS_PATH, {"PartyA": "x"}, "PartyA"),
        (STATUS_PATH, {"IdentifierType": 11}, "IdentifierType"),
        (REVERSAL_PATH, {"Amount": 0}, "Amount"),
        (REVERSAL_PATH, {"ReceiverParty": None}, "ReceiverParty"),
        (
            REVERSAL_PATH,
            {"RecieverIdentifierType": None, "ReceiverIdentifierType": 11},
            "RecieverIdentifierType",
        ),
    ],
)
async def test_the_fields_of_one_product_are_checked_too(
    paid: Paid, path: str, changes: dict[str, object], name: str
) -> None:
    answer = await paid.post(path, **changes)
    assert answer.json()["errorMessage"] == f"Bad Request - Invalid {name}"


async def test_the_gate_is_passed_first(paid: Paid) -> None:
    paid.simulator.forget_tokens()
    answer = await paid.post(STATUS_PATH, Initiator="")
    assert "Invalid Access Token" in answer.json()["errorMessage"]


async def test_a_wrong_password_is_told_in_the_result_and_three_of_them_lock_the_operator(paid: Paid) -> None:
    wrong = paid.credential("another")
    codes = [await paid.told(STATUS_PATH, SecurityCredential=wrong) for _ in range(3)]
    assert codes == ["2001", "2001", "2001"]
    assert await paid.told(STATUS_PATH) == "8006"
    paid.simulator.operations.operator.unlock()
    assert await paid.told(STATUS_PATH) == "0"


@pytest.mark.parametrize("changes", [{"Initiator": "somebody"}, {"SecurityCredential": "A" * 344}])
async def test_another_operator_or_certificate_is_the_same_refusal(
    paid: Paid, changes: dict[str, object]
) -> None:
    assert await paid.told(REVERSAL_PATH, **changes) == "2001"
    assert paid.simulator.books.reversals == []


async def test_another_organisations_shortcode_is_not_permitted(paid: Paid) -> None:
    assert await paid.told(STATUS_PATH, PartyA="600310") == "21"


async def test_a_reversal_moves_the_money_back_once(paid: Paid) -> None:
    assert paid.simulator.books.total_kes == 1500
    assert await paid.told(REVERSAL_PATH) == "0"
    assert await paid.told(REVERSAL_PATH) == "R000001"
    (back,) = paid.simulator.books.reversals
    told = read_reversal(parse_result(paid.desk.results[0]))
    assert (told.outcome, told.receipt, told.original_receipt) == (
        "reversed",
        back.receipt,
        paid.movement.receipt,
    )
    assert (told.amount, told.completed_at) == (Decimal(1500), back.at)
    assert paid.simulator.books.total_kes == 0


@pytest.mark.parametrize("changes", [{"TransactionID": "TAH5J2K991"}, {"Amount": 700}])
async def test_a_reversal_of_another_payment_or_of_a_part_moves_nothing(
    paid: Paid, changes: dict[str, object]
) -> None:
    assert await paid.told(REVERSAL_PATH, **changes) == "R000002"
    assert paid.simulator.books.total_kes == 1500


async def test_an_interim_result_comes_first(paid: Paid) -> None:
    paid.simulator.set_next_result("interim")
    await paid.told(STATUS_PATH)
    first, last = (parse_result(body) for body in paid.desk.results)
    assert (first.final, last.final) == (False, True)
    assert first.originator_conversation_id == last.originator_conversation_id


async def test_a_time_out_is_told_to_its_own_address_and_a_result_may_follow(paid: Paid) -> None:
    for script in ("timeout", "timeout_then_result"):
        paid.simulator.set_next_result(script)
        await paid.post(REVERSAL_PATH)
        await paid.simulator.settle_all()
    assert [delivery.told for delivery in paid.simulator.results] == ["timeout", "timeout", "result"]
    assert len(paid.desk.timeouts) == 2
    assert paid.simulator.books.total_kes == 0


@pytest.mark.parametrize(
    ("script", "outcome", "count"),
    [
        ("duplicate", "completed", 3), ("spaced", "completed", 1),
        ("twice", "completed", 1), ("single", "completed", 1),
        ("pending", "pending", 1), ("declined", "failed", 1), ("busy", "unknown", 1),
        (ResultScript(ending=Ending("424242", "Something new")), "unknown", 1),
    ],
)  # fmt: skip
async def test_every_script_is_told_as_ordered(
    paid: Paid, script: ResultScript | str, outcome: str, count: int
) -> None:
    paid.simulator.set_next_result(script)
    await paid.told(STATUS_PATH)
    assert [read_transaction_status(parse_result(body)).outcome for body in paid.desk.results] == [
        outcome
    ] * count


async def test_a_silent_request_is_never_told_and_a_listener_that_fails_is_noted(paid: Paid) -> None:
    paid.simulator.set_next_result("silent")
    await paid.post(STATUS_PATH)
    await paid.simulator.settle_all()
    assert paid.simulator.results == []
    paid.desk.status = 503
    await paid.told(STATUS_PATH)
    assert [delivery.status for delivery in paid.simulator.results] == [503]


async def test_a_delay_is_waited_out_or_hurried(paid: Paid) -> None:
    paid.simulator.set_next_result(replace(RESULT_SCRIPTS["plain"], delay_s=3600))
    await paid.post(STATUS_PATH)
    assert paid.desk.results == []
    await paid.simulator.settle_all()
    assert len(paid.desk.results) == 1


def test_an_order_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="no result is called"):
        Simulator(FAST).set_next_result("nonsense")


async def test_a_reset_forgets_requests_results_and_a_locked_operator(paid: Paid) -> None:
    for _ in range(3):
        await paid.told(STATUS_PATH, SecurityCredential=paid.credential("another"))
    assert paid.simulator.operations.operator.locked
    await paid.simulator.reset()
    assert not paid.simulator.operations.operator.locked
    assert (paid.simulator.results, paid.simulator.operations.requests, paid.simulator.books.reversals) == (
        [],
        [],
        [],
    )


async def test_our_own_client_asks_and_reverses(paid: Paid) -> None:
    config = paid.simulator.config
    operator = Operator(
        config.initiator_name, config.initiator_password, paid.simulator.certificate_pem.encode()
    )
    credentials = Credentials(config.consumer_key, config.consumer_secret, config.shortcode, config.passkey)
    app: Any = paid.merchant.http._transport
    async with DarajaClient(credentials, transport=app, clock=paid.merchant.clock) as client:
        urls = {"result_url": RESULT_URL, "timeout_url": TIMEOUT_URL, "transaction_id": paid.movement.receipt}
        asked = await client.transaction_status(operator, **urls)
        back = await client.reverse(operator, amount_kes=1500, remarks="Paid twice", **urls)
    await paid.simulator.wait_for_results(2)
    ids = {parse_result(body).conversation_id for body in paid.desk.results}
    assert ids == {asked.conversation_id, back.conversation_id}
    assert paid.simulator.books.is_reversed(paid.movement.receipt)


async def test_the_control_routes_give_the_certificate_and_choose_and_show_results(paid: Paid) -> None:
    http = paid.merchant.http
    operator = (await http.get("/simulator/operator")).json()
    assert operator["certificate"] == paid.simulator.certificate_pem
    assert (await http.post("/simulator/next-result", json={"result": "nonsense"})).status_code == 400
    assert (await http.post("/simulator/next-result", json={"result": "interim"})).json() == {"ok": True}
    assert await paid.told(REVERSAL_PATH) == "0"
    shown = (await http.get("/simulator/results")).json()
    assert [(result["told"], result["status"]) for result in shown] == [("interim", 200), ("result", 200)]
    (back,) = (await http.get("/simulator/books")).json()["reversals"]
    assert back["original_receipt"] == paid.movement.receipt
    assert "declined" in (await http.get("/simulator/")).json()["results"]
