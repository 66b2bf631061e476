"""Results and time-outs: every shape seen, and junk."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daraja import AsyncResult, BadCallback, TimedOut, parse_result, parse_timeout
from daraja.reversal import read_reversal
from daraja.transaction_status import read_transaction_status
from tests.daraja.host import wire


def result(parameters: Any = None, **fields: Any) -> bytes:
    """A result of a success, with these parameters and fields in place of the usual ones; None leaves one out."""
    usual = {"ResultType": 0, "ResultCode": 0, "ConversationID": "AG_1", "OriginatorConversationID": "1-2-3"}
    holder = {} if parameters is None else {"ResultParameters": parameters}
    told = {name: value for name, value in (usual | holder | fields).items() if value is not None}
    return json.dumps({"Result": told}).encode()


def rows(*pairs: tuple[str, Any]) -> dict[str, Any]:
    return {"ResultParameter": [{"Key": key, "Value": value} for key, value in pairs]}


def test_a_result_keeps_ids_parameters_and_reference_data() -> None:
    read = parse_result(wire("status_result_live"))
    assert (read.final, read.result_code) == (True, "0")
    assert read.originator_conversation_id == "6b16-43f4-a9f6-8e81ad29eeab2987740"
    assert read.conversation_id == "AG_20250117_20503343d9b604c7af7f"
    assert read.transaction_id == "TAH0000000"
    assert len(read.parameters) == 13
    assert [(item.key, item.value) for item in read.references] == [("Occasion", "Query")]
    assert read.values("TransactionReason") == ()
    assert read.text("no such key") == ""


def test_keys_with_blanks_and_lists_for_objects_are_the_same() -> None:
    read = parse_result(wire("status_result_spaced"))
    assert (read.conversation_id, read.originator_conversation_id) == (
        "AG_20180223_0000493344ae97d86f75",
        "3213-416199-2",
    )
    assert (read.transaction_id, read.final) == ("MBN0000000", True)
    assert read.receipt("ReceiptNo") == "MBN31H462N"
    assert [item.value for item in read.references] == ["aa"]


def test_a_key_that_comes_twice_keeps_both_values() -> None:
    read = parse_result(wire("status_result_portal"))
    assert read.values("DebitPartyName") == ("600310 - Safaricom333", "254708374149 - CUSTOMER")
    assert read.text("DebitPartyName") == "600310 - Safaricom333"


@pytest.mark.parametrize("name", ["status_result_live", "status_result_portal", "reversal_result"])
def test_a_result_shows_nobodys_name_or_number(name: str) -> None:
    read = parse_result(wire(name))
    told = (read, read.parameters, read_transaction_status(read), read_reversal(read))
    assert "CUSTOMER" not in repr(told)
    assert "708374149" not in repr(told)


@pytest.mark.parametrize(("kind", "final"), [(0, True), ("0", True), (1, False), ("1", False), (None, True)])
def test_a_result_of_type_1_is_not_final(kind: Any, final: bool) -> None:
    assert parse_result(result(ResultType=kind)).final is final


@pytest.mark.parametrize(
    ("code", "read"), [(0, "0"), ("0", "0"), (2001, "2001"), (21.0, "21"), ("R000001", "R000001")]
)
def test_a_result_code_may_be_a_number_or_a_text(code: Any, read: str) -> None:
    assert parse_result(result(ResultCode=code)).result_code == read


@pytest.mark.parametrize(
    "parameters",
    [
        {"ResultParameter": [{"Key": "Amount", "Value": 7}]},
        {"ResultParameter": {"Key": "Amount", "Value": "7.00"}},
        [{"Key": "Amount", "Value": 7.0}],
        {"Result Parameter": [None, "x", {"Key": 5}, {"Key": "Amount"}, {"key": "amount", "value": 7}]},
    ],
)
def test_parameters_come_as_list_or_object(parameters: Any) -> None:
    assert parse_result(result(parameters)).amount("Amount") == Decimal(7)


@pytest.mark.parametrize(
    "value",
    [
        20250117170614,
        "20250117170614",
        " 20250117170614 ",
        20250117170614.0,
        "17.01.2025 17:06:14",
        "17.1.2025 17:06:14",
    ],
)
def test_a_time_is_nairobi_in_every_spelling(value: Any) -> None:
    read = parse_result(result(rows(("FinalisedTime", value))))
    assert read.moment("FinalisedTime") == datetime(2025, 1, 17, 14, 6, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", ["", "31.02.2025 10:00:00", 2025, "tomorrow", True, [], 1e300, 0.5, "01.01.0001 00:00:00"]
)
def test_a_time_that_is_none_is_not_told(value: Any) -> None:
    assert parse_result(result(rows(("FinalisedTime", value)))).moment("FinalisedTime") is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"Result": []}',
        b"\xff\xfe",
        result(ResultCode=None),
        result(ResultCode=True),
        result(ResultCode={}),
        result(ConversationID=None, OriginatorConversationID=None),
    ],
)
def test_what_is_no_result_is_refused_without_being_quoted(body: bytes) -> None:
    with pytest.raises(BadCallback) as refused:
        parse_result(body)
    assert str(refused.value).startswith("not a report that can be read: ")


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b"{}", TimedOut()),
        (result(ResultCode=1, ResultDesc="Timed out"), TimedOut("1-2-3", "AG_1", "1", "Timed out")),
        (b'{"ConversationID": "AG_1", "Result": null}', TimedOut("", "AG_1")),
    ],
)
def test_a_time_out_is_read_whatever_it_holds(body: bytes, read: TimedOut) -> None:
    assert parse_timeout(body) == read
    assert not hasattr(read, "outcome")  # nothing in it says failed


def test_a_time_out_that_is_no_object_is_refused() -> None:
    with pytest.raises(BadCallback):
        parse_timeout(b"timeout")


_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
    | st.sampled_from(["Completed", "20250117170614", "17.01.2025 17:06:14", "600310 - X", "\ud800", "1e999"])
)  # fmt: skip
_KEYS = st.sampled_from(
    ["Result", "ResultType", "ResultCode", "ResultDesc", "Conversation ID", "ConversationID", "TransactionID",
     "OriginatorConversationID", "ResultParameters", "ResultParameter", "ReferenceData", "ReferenceItem", "Key",
     "Value", "Amount", "ReceiptNo", "TransactionStatus", "FinalisedTime", "CreditPartyName"]
)  # fmt: skip
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=6),
    max_leaves=20,
)
_ROWS = st.lists(
    st.fixed_dictionaries({"Key": _KEYS | _SCALARS}, optional={"Value": _SCALARS | _JSON}), max_size=6
)
_BODIES = st.one_of(
    st.binary(max_size=80),
    _JSON.map(lambda value: json.dumps(value).encode()),
    st.builds(lambda found, code: result({"ResultParameter": found}, ResultCode=code), _ROWS, _SCALARS),
)


@settings(max_examples=60)
@given(_BODIES)
def test_any_bytes_are_a_typed_result_or_a_bad_callback(body: bytes) -> None:
    try:
        read = parse_result(body)
    except BadCallback:
        return
    assert isinstance(read, AsyncResult)
    status, back = read_transaction_status(read), read_reversal(read)
    assert status.outcome in {"completed", "failed", "pending", "unknown"}
    assert back.outcome in {"reversed", "already_reversed", "failed", "pending", "unknown"}
    assert all(at is None or at.tzinfo is UTC for at in (status.initiated_at, status.finalised_at))
    repr((read, status, back)).encode()


@settings(max_examples=40)
@given(_BODIES)
def test_any_bytes_are_a_time_out_or_a_bad_callback(body: bytes) -> None:
    try:
        assert isinstance(parse_timeout(body), TimedOut)
    except BadCallback:
        return
