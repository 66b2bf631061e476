"""Transaction Status and Reversal: what reaches Daraja, and which error each answer is."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from daraja import (
    Acknowledged,
    AnswerLost,
    BadRequest,
    DarajaClient,
    DarajaError,
    Refused,
    TokenRefused,
    parse_result,
    read_reversal,
    read_transaction_status,
)
from tests.daraja.host import Host, wire
from tests.daraja.operators import PASSWORD, RESULT_URL, TIMEOUT_URL, opened, operator
from tests.daraja.test_results import result, rows

Call = Callable[..., Awaitable[Acknowledged]]


async def ask(client: DarajaClient, **changes: Any) -> Acknowledged:
    """A question that M-PESA would take, but for `changes`."""
    fields: dict[str, Any] = {
        "transaction_id": "TAH5J2K991",
        "result_url": RESULT_URL,
        "timeout_url": TIMEOUT_URL,
    }
    return await client.transaction_status(operator(), **(fields | changes))


async def give_back(client: DarajaClient, **changes: Any) -> Acknowledged:
    """A reversal that M-PESA would take, but for `changes`."""
    fields: dict[str, Any] = {
        "transaction_id": "TAH5J2K991",
        "amount_kes": 1500,
        "result_url": RESULT_URL,
        "timeout_url": TIMEOUT_URL,
        "remarks": "Paid twice",
    }
    return await client.reverse(operator(), **(fields | changes))


async def met(call: Call, status: int, body: bytes) -> tuple[DarajaError, Host]:
    """The error that an answer becomes."""
    host = Host()
    host.answers.extend([(status, body), (status, body)])
    async with host.client() as client:
        with pytest.raises(DarajaError) as error:
            await call(client)
    return error.value, host


def error(code: str, message: str) -> bytes:
    return json.dumps({"requestId": "1-2-3", "errorCode": code, "errorMessage": message}).encode()


async def test_a_question_by_receipt_reaches_daraja_as_its_page_says() -> None:
    host = Host()
    host.answers.append((200, wire("operation_accepted")))
    async with host.client() as client:
        taken = await ask(client, occasion="Claim 7")
    assert taken.originator_conversation_id == "1236-7134259-1"
    assert taken.conversation_id == "AG_20210709_1234409f86436c583e3f"
    body = host.posts[0].body
    assert host.posts[0].path == "/mpesa/transactionstatus/v1/query"
    assert opened(body.pop("SecurityCredential")) == PASSWORD
    assert body == {
        "Initiator": "karo-operator",
        "CommandID": "TransactionStatusQuery",
        "TransactionID": "TAH5J2K991",
        "PartyA": "174379",
        "IdentifierType": "4",
        "ResultURL": RESULT_URL,
        "QueueTimeOutURL": TIMEOUT_URL,
        "Remarks": "Status",
        "Occasion": "Claim 7",
    }


async def test_a_question_may_go_by_the_original_conversation_id() -> None:
    host = Host()
    host.answers.append((200, wire("operation_accepted")))
    async with host.client() as client:
        await ask(client, transaction_id=None, original_conversation_id="29115-34620561-1")
    body = host.posts[0].body
    assert body["OriginalConversationID"] == "29115-34620561-1"
    assert not {"TransactionID", "Occasion"} & body.keys()


async def test_a_reversal_reaches_daraja_in_its_own_spelling() -> None:
    host = Host()
    host.answers.append((200, wire("operation_accepted")))
    async with host.client() as client:
        await give_back(client)
    body = host.posts[0].body
    assert host.posts[0].path == "/mpesa/reversal/v1/request"
    assert opened(body.pop("SecurityCredential")) == PASSWORD
    assert body == {
        "Initiator": "karo-operator",
        "CommandID": "TransactionReversal",
        "TransactionID": "TAH5J2K991",
        "Amount": 1500,
        "ReceiverParty": "174379",
        "RecieverIdentifierType": "11",
        "ResultURL": RESULT_URL,
        "QueueTimeOutURL": TIMEOUT_URL,
        "Remarks": "Paid twice",
    }


@pytest.mark.parametrize(
    ("call", "change", "field"),
    [
        (ask, {"transaction_id": None}, "TransactionID"),
        (ask, {"transaction_id": "tah5j2k991"}, "TransactionID"),
        (ask, {"transaction_id": "TAH 5J2K99"}, "TransactionID"),
        (ask, {"original_conversation_id": "a b"}, "OriginalConversationID"),
        (ask, {"result_url": "https://karo.invalid/mpesa"}, "ResultURL"),
        (ask, {"timeout_url": "http://karo.invalid/x"}, "QueueTimeOutURL"),
        (ask, {"remarks": ""}, "Remarks"),
        (ask, {"occasion": "o" * 101}, "Occasion"),
        (give_back, {"transaction_id": ""}, "TransactionID"),
        (give_back, {"amount_kes": 0}, "Amount"),
        (give_back, {"amount_kes": 250_001}, "Amount"),
        (give_back, {"amount_kes": 1.5}, "Amount"),
        (give_back, {"remarks": "x"}, "Remarks"),
        (give_back, {"remarks": "x" * 101}, "Remarks"),
        (give_back, {"result_url": "karo.invalid"}, "ResultURL"),
        (give_back, {"timeout_url": "https://Karo.invalid/x"}, "QueueTimeOutURL"),
    ],
)
async def test_what_mpesa_would_refuse_is_never_sent(call: Call, change: dict[str, Any], field: str) -> None:
    host = Host()
    async with host.client() as client:
        with pytest.raises(BadRequest) as refused:
            await call(client, **change)
    assert refused.value.field == field
    assert host.posts == []


@pytest.mark.parametrize("call", [ask, give_back])
@pytest.mark.parametrize(
    ("status", "body"),
    [(502, b"<html>502</html>"), (500, error("500.003.1001", "Internal Server Error")),
     (500, error("500.003.02", "System is busy")), (200, b"{}"), (200, b"")],
)  # fmt: skip
async def test_an_answer_that_was_lost_is_told_so_and_nothing_is_sent_again(
    call: Call, status: int, body: bytes
) -> None:
    lost, host = await met(call, status, body)
    assert isinstance(lost, AnswerLost)
    assert lost.money_may_have_moved
    assert len(host.posts) == 1


@pytest.mark.parametrize(
    ("call", "status", "code", "words", "cause"),
    [
        (ask, 400, "400.002.02", "Bad Request - Invalid TransactionID", "bad_field"),
        (give_back, 400, "400.002.02", "Bad Request - Invalid RecieverIdentifierType", "bad_field"),
        (give_back, 500, "500.003.02", "Spike Arrest Violation", "spike_arrest"),
        (ask, 500, "500.003.03", "Quota Violation", "quota"),
    ],
)
async def test_a_definite_no_is_refused_with_its_cause(
    call: Call, status: int, code: str, words: str, cause: str
) -> None:
    no, host = await met(call, status, error(code, words))
    assert isinstance(no, Refused)
    assert (no.cause, no.code, no.money_may_have_moved) == (cause, code, False)
    assert len(host.posts) == 1


@pytest.mark.parametrize(
    ("call", "status", "code", "words", "cause"),
    [
        (ask, 400, "400.003.01", "Error Occurred - Invalid Access Token - ", "token_refused"),
        (
            ask,
            400,
            "400.003.01",
            "Error Occurred - Invalid Access Token - Invalid API call as no apiproduct match found",
            "no_api_product",
        ),
        (give_back, 404, "404.001.03", "Invalid Access Token", "token_refused"),
    ],
)
async def test_a_refused_token_is_renewed_once_and_its_reason_kept(
    call: Call, status: int, code: str, words: str, cause: str
) -> None:
    no, host = await met(call, status, error(code, words))
    assert isinstance(no, TokenRefused)
    assert (no.cause, len(host.posts), host.minted) == (cause, 2, 2)


def test_a_completed_payment_is_read_with_its_parties_and_times() -> None:
    status = read_transaction_status(parse_result(wire("status_result_live")))
    assert (status.outcome, status.receipt, status.amount) == ("completed", "TAH5J2K991", Decimal(1))
    assert status.finalised_at == status.initiated_at == datetime(2025, 1, 17, 14, 6, 14, tzinfo=UTC)
    assert status.credited_shortcode == "600310"
    assert status.original_conversation_id == "6b16-43f4-a9f6-8e81ad29eeab2987739"
    assert status.reason_type == "Pay Bill Online"


def test_who_received_is_not_guessed_where_only_a_debit_party_is_told() -> None:
    status = read_transaction_status(parse_result(wire("status_result_portal")))
    assert (status.outcome, status.receipt, status.credited_shortcode) == ("completed", "MBN31H462N", "")


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("Completed", "completed"), (" completed ", "completed"), ("Cancelled", "failed"), ("Declined", "failed"),
        ("Expired", "failed"), ("Initiated", "pending"), ("Authorized", "pending"), ("Pending  Authorized", "pending"),
        ("Reversed", "unknown"), ("", "unknown"), (None, "unknown"), (5, "unknown"),
    ],
)  # fmt: skip
def test_each_word_of_mpesa_has_its_outcome(word: Any, outcome: str) -> None:
    assert read_transaction_status(parse_result(result(rows(("TransactionStatus", word))))).outcome == outcome


def test_a_question_that_failed_says_nothing_of_the_payment() -> None:
    told = parse_result(wire("result_operator_fault"))
    assert read_transaction_status(told).outcome == "unknown"
    declined = result(rows(("TransactionStatus", "Declined")), ResultCode=2001)
    assert read_transaction_status(parse_result(declined)).outcome == "unknown"


def test_an_interim_result_is_pending_whatever_it_holds() -> None:
    interim = parse_result(result(rows(("TransactionStatus", "Completed")), ResultType=1))
    assert read_transaction_status(interim).outcome == "pending"
    assert read_reversal(interim).outcome == "pending"


def test_a_reversal_that_was_done_names_both_receipts() -> None:
    back = read_reversal(parse_result(wire("reversal_result")))
    assert (back.outcome, back.receipt, back.original_receipt) == ("reversed", "MJ561H6X5O", "MJ551H6X5D")
    assert (back.amount, back.completed_at) == (Decimal(100), datetime(2018, 10, 5, 12, 32, 25, tzinfo=UTC))
    assert back.payer == "254708374149 - CUSTOMER"


@pytest.mark.parametrize(
    ("code", "outcome", "cause"),
    [
        ("R000001", "already_reversed", "already_reversed"), ("R000002", "failed", "no_such_transaction"),
        (1, "failed", "shortcode_short"), (11, "failed", "account_inactive"), (2006, "failed", "account_inactive"),
        (21, "failed", "operator_not_permitted"), (2001, "failed", "operator_credential"),
        (8006, "failed", "operator_locked"), (17, "unknown", "internal_error"), (4999, "pending", "still_processing"),
        (15, "unknown", "duplicate_request"), (424242, "unknown", "unknown"),
    ],
)  # fmt: skip
def test_each_code_of_a_reversal_has_its_outcome(code: Any, outcome: str, cause: str) -> None:
    back = read_reversal(parse_result(result(ResultCode=code, TransactionID="MJ561H6X5P")))
    assert (back.outcome, back.cause, back.receipt) == (outcome, cause, None)


def test_reversing_twice_is_told_apart() -> None:
    assert read_reversal(parse_result(wire("reversal_result_twice"))).outcome == "already_reversed"
