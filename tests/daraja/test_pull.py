"""Pull Transactions: what is asked, and every shape of answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daraja import (
    AnswerLost,
    BadRequest,
    MsisdnKind,
    PulledPayment,
    PullPage,
    PullQuery,
    PullRegistration,
    Refused,
    TokenRefused,
)
from daraja.pull import read_pull_page, read_pull_registered
from daraja.times import from_text, to_text
from tests.daraja.host import CALLBACK_URL, NOW, wire
from tests.daraja.test_any_answer import BODIES, VALUES

ROW = json.loads(wire("pull_page"))["Response"][0][0]
HOUR = timedelta(hours=1)


def query(**changes: Any) -> PullQuery:
    sound: dict[str, Any] = {"shortcode": "600984", "start": NOW - 48 * HOUR, "end": NOW, "asked_at": NOW}
    return PullQuery(**(sound | changes))


def page(**answer: object) -> PullPage:
    return read_pull_page(200, json.dumps({"ResponseCode": "1000"} | answer).encode())


def test_a_registration_is_worded_as_the_page_says() -> None:
    asked = PullRegistration(shortcode="600984", nominated_number="254722000000", callback_url=CALLBACK_URL)
    assert asked.body() == {
        "ShortCode": "600984",
        "RequestType": "Pull",
        "NominatedNumber": "254722000000",
        "CallBackURL": CALLBACK_URL,
    }
    with pytest.raises(BadRequest, match="NominatedNumber"):
        PullRegistration(shortcode="600984", nominated_number="0722000000", callback_url=CALLBACK_URL)


def test_a_query_is_in_nairobi_s_time() -> None:
    assert query(offset=2).body() == {
        "ShortCode": "600984",
        "StartDate": "2026-11-20 12:00:30",
        "EndDate": "2026-11-22 12:00:30",
        "OffSetValue": "2",
    }


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("StartDate", {"start": NOW - 48 * HOUR - timedelta(seconds=61)}),
        ("StartDate", {"start": NOW.replace(tzinfo=None)}),
        ("EndDate", {"end": NOW.replace(tzinfo=None)}),
        ("EndDate", {"end": NOW - 48 * HOUR}),
        ("OffSetValue", {"offset": -1}),
        ("OffSetValue", {"offset": True}),
        ("ShortCode", {"shortcode": "x"}),
    ],
)
def test_a_query_that_cannot_be_is_not_sent(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as caught:
        query(**changes)
    assert caught.value.field == field


def test_48_hours_ago_is_still_so_when_a_moment_has_passed() -> None:
    assert query(asked_at=NOW + timedelta(seconds=59)).start == NOW - 48 * HOUR


def test_the_portal_s_sample_is_read() -> None:
    assert read_pull_page(200, wire("pull_page")) == PullPage(
        rows=(
            PulledPayment(
                receipt="YZLYRESRG1",
                amount=Decimal("168.00"),
                paid_at=datetime(2020, 8, 5, 10, 13, tzinfo=UTC),
                bill_reference="37207636392",
                transaction_type="c2b-pay-bill-debit",
                organization_name="Daraja Pull API Test",
                msisdn="722000000",
                msisdn_kind=MsisdnKind.PLAIN,
                sender="PAYER",
            ),
        ),
        certain=True,
    )


@pytest.mark.parametrize("response", [[[ROW]], [ROW], ROW, [[[ROW]]], [[], [ROW], None], [[ROW, ROW], [ROW]]])
def test_rows_are_found_wherever_they_stand_and_once(response: object) -> None:
    found = page(Response=response)
    assert [row.receipt for row in found.rows] == ["YZLYRESRG1"]
    assert (found.certain, found.unreadable) == (True, 0)


@pytest.mark.parametrize("answer", [{}, {"Response": None}, {"Response": []}, {"Response": [[]]}])
def test_1000_without_rows_is_certain(answer: dict[str, object]) -> None:
    assert page(**answer) == PullPage((), certain=True)


def test_1001_is_no_rows_or_no_provision_and_says_that_it_cannot_tell() -> None:
    assert read_pull_page(200, wire("pull_nothing")) == PullPage((), certain=False)


def test_a_row_that_cannot_be_read_is_counted_not_lost() -> None:
    rows = [ROW, {**ROW, "transactionId": ""}, {**ROW, "transactionId": "X1", "amount": "much"}, "row", 7]
    found = page(Response=[rows], TotalPages="3")
    assert (len(found.rows), found.unreadable, found.total_pages) == (1, 4, 3)


@pytest.mark.parametrize(
    ("sent", "moment"),
    [
        ("2026-11-22 12:00:30", NOW),
        ("2026-11-22T12:00:30", NOW),
        ("2026-11-22T09:00:30Z", NOW),
        ("2026-11-22t09:00:30z", NOW),
        ("2026-11-22T12:00:30+03:00", NOW),
        ("2026-11-22T12:00:30+0300", NOW),
        ("2026-11-22T09:00:30.000Z", NOW),
        ("20261122120030", NOW),
        ("0001-01-01 00:00:00", None),
        ("2026-13-22 12:00:30", None),
        ("20261122", None),
        ("", None),
    ],
)
def test_times_are_nairobi_s_unless_they_say_otherwise(sent: str, moment: datetime | None) -> None:
    assert from_text(sent) == moment
    assert page(Response=[{**ROW, "trxDate": sent}]).rows[0].paid_at == moment


@settings(max_examples=60)
@given(st.integers(0, 2**31))
def test_a_moment_survives_the_way_there_and_back(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert from_text(to_text(moment)) == moment


def test_a_registration_is_read_and_a_second_one_is_as_good() -> None:
    first = read_pull_registered(200, wire("pull_registered"))
    assert (first.already, first.response_ref_id) == (False, "feb5e3f2-fbc-4745-844c-ee37b546f627")
    again = b'{"ResponseStatus": "1001", "ResponseDescription": "ShortCode already Registered"}'
    assert read_pull_registered(200, again).already
    with pytest.raises(Refused) as caught:
        read_pull_registered(200, b'{"ResponseStatus": "1001", "ResponseDescription": "No records found"}')
    assert caught.value.cause == "nothing_or_not_provisioned"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b'{"errorCode": "401.001", "errorMessage": "Whatever it says"}', TokenRefused),
        (401, b'{"errorCode": "401.003.01", "errorMessage": "Invalid Access Token - x"}', TokenRefused),
        (400, b'{"errorCode": "400.002.02", "errorMessage": "Bad Request - Invalid X"}', Refused),
        (500, b'{"errorCode": "500.003.02", "errorMessage": "System is busy"}', AnswerLost),
        (200, b'{"ResponseCode": "500.003.02", "ResponseMessage": "Internal server error"}', AnswerLost),
        (200, b'{"ResponseCode": "1002", "ResponseMessage": "Refused"}', Refused),
        (200, b"{}", AnswerLost),
        (200, b"half", AnswerLost),
        (403, b"<html>Incapsula</html>", AnswerLost),
        (500, b'{"ResponseCode": "1000", "Response": []}', AnswerLost),
    ],
)
def test_an_answer_that_is_no_page_tells_nothing(status: int, body: bytes, kind: type[Exception]) -> None:
    for read in (read_pull_page, read_pull_registered):
        with pytest.raises(kind):
            read(status, body)


ROWS = st.recursive(
    VALUES
    | st.fixed_dictionaries({"transactionId": VALUES | st.just("RKL1"), "amount": VALUES | st.just("5")}),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)
PAGES = st.fixed_dictionaries(
    {"ResponseCode": VALUES | st.sampled_from(["1000", 1001])},
    optional={"Response": ROWS, "TotalPages": VALUES},
)


@settings(max_examples=60)
@given(st.integers(100, 599), BODIES | PAGES.map(lambda value: json.dumps(value).encode()))
def test_any_answer_is_typed_and_a_page_needs_http_2xx(status: int, body: bytes) -> None:
    for read in (read_pull_page, read_pull_registered):
        try:
            found = read(status, body)
        except (Refused, AnswerLost):
            continue
        assert 200 <= status < 300
        if isinstance(found, PullPage):
            assert all(row.amount > 0 and row.receipt.isalnum() for row in found.rows)
            assert len({row.receipt for row in found.rows}) == len(found.rows)
