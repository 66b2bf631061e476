"""Pull Transactions: asking M-PESA for the C2B payments of the last 48 hours, told or not told.

The shortcode is registered once; before that every query answers 1001, and so does a query that finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from daraja import fields
from daraja.answers import refusal_of, unreadable
from daraja.catalogue import look_up
from daraja.entry import Channel
from daraja.errors import AnswerLost, BadRequest, DarajaError, Refused
from daraja.money_in_codes import PULL_NOTHING
from daraja.msisdn import MsisdnKind, read_msisdn
from daraja.times import from_text, to_text
from daraja.wire import as_amount, as_code, as_identifier, as_typed, as_words, is_zero, read_object

PULL_REGISTER_PATH: Final = "/pulltransactions/v1/register"
PULL_QUERY_PATH: Final = "/pulltransactions/v1/query"
REACH: Final = timedelta(hours=48)  #: how far back M-PESA looks

_LEEWAY: Final = timedelta(minutes=1)  # "48 hours ago" is a moment older when it arrives here
_GOOD: Final = "1000"
_UNAVAILABLE: Final = ("not available", "no records")
_LONGEST_RECEIPT: Final = 20
_DEEPEST: Final = 3
_MOST_PAGES: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRegistration:
    """Turns Pull on. nominated_number: the number in the shortcode's papers at Safaricom, as 254 and 9 digits."""

    shortcode: str
    nominated_number: str = field(repr=False)
    callback_url: str = field(repr=False)

    def __post_init__(self) -> None:
        fields.check_shortcode("ShortCode", self.shortcode)
        fields.check_msisdn("NominatedNumber", self.nominated_number)
        fields.check_callback_url(self.callback_url)

    def body(self) -> dict[str, str | int]:
        """The JSON that Daraja expects."""
        return {
            "ShortCode": self.shortcode,
            "RequestType": "Pull",
            "NominatedNumber": self.nominated_number,
            "CallBackURL": self.callback_url,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PullQuery:
    """One page of what came in from `start` to `end`. All three moments are aware; offset counts from 0.

    Raises BadRequest when the start is more than 48 hours before `asked_at`, or not before the end.
    """

    shortcode: str
    start: datetime
    end: datetime
    asked_at: datetime
    offset: int = 0

    def __post_init__(self) -> None:
        fields.check_shortcode("ShortCode", self.shortcode)
        for name, moment in (("StartDate", self.start), ("EndDate", self.end)):
            if moment.tzinfo is None:
                raise BadRequest(name, "a moment with a time zone")
        if not self.start < self.end:
            raise BadRequest("EndDate", "after the StartDate")
        if self.asked_at - self.start > REACH + _LEEWAY:
            raise BadRequest("StartDate", "at most 48 hours back")
        if isinstance(self.offset, bool) or not isinstance(self.offset, int) or self.offset < 0:
            raise BadRequest("OffSetValue", "a whole number from 0")

    def body(self) -> dict[str, str | int]:
        """The JSON that Daraja expects: Nairobi's time, without a zone."""
        return {
            "ShortCode": self.shortcode,
            "StartDate": to_text(self.start),
            "EndDate": to_text(self.end),
            "OffSetValue": str(self.offset),
        }


@dataclass(frozen=True, slots=True)
class PullRegistered:
    """The shortcode may be pulled. already: it was registered before, and nothing has changed."""

    already: bool
    response_ref_id: str
    response_description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledPayment:
    """One payment that came in. receipt: M-PESA's number in capitals; amount: shillings, above 0; paid_at: aware UTC.

    bill_reference: the account number as the payer typed it; msisdn as sent, see msisdn_kind.
    """

    receipt: str
    amount: Decimal
    paid_at: datetime | None
    bill_reference: str = field(repr=False)
    transaction_type: str
    organization_name: str
    msisdn: str = field(repr=False)
    msisdn_kind: MsisdnKind
    sender: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PullPage:
    """What one query brought: each receipt once.

    certain: False when the answer does not tell whether this is all: 1001 stands for "no payments" and for
    "this shortcode is not set up for Pull" alike. unreadable: rows without a receipt number or an amount: money
    that a person must look up. total_pages: None when not told.
    """

    rows: tuple[PulledPayment, ...]
    certain: bool
    total_pages: int | None = None
    unreadable: int = 0


def read_pull_registered(status: int, body: bytes) -> PullRegistered:
    """The answer to a registration; registered already is as good. Raises Refused, TokenRefused or AnswerLost."""
    answer, code, words = _answered(status, body, "ResponseStatus", "ResponseDescription")
    already = code == PULL_NOTHING and not any(known in words.lower() for known in _UNAVAILABLE)
    if code != _GOOD and not is_zero(code) and not already:
        raise _no(status, code, words)
    return PullRegistered(already, as_identifier(answer.get("ResponseRefID")), words)


def read_pull_page(status: int, body: bytes) -> PullPage:
    """The answer to a query. Raises Refused, TokenRefused or AnswerLost: nothing is known of any payment.

    Rows may stand in `Response` as a list, in lists inside it, alone, or not at all.
    """
    answer, code, words = _answered(status, body, "ResponseCode", "ResponseMessage")
    if code not in (_GOOD, PULL_NOTHING) and not is_zero(code):
        raise _no(status, code, words)
    found: dict[str, PulledPayment] = {}
    unreadable = 0
    for row in _rows(answer.get("Response")):
        payment = _payment(row)
        if payment is None:
            unreadable += 1
        else:
            found.setdefault(payment.receipt, payment)
    return PullPage(tuple(found.values()), code != PULL_NOTHING, _pages(answer.get("TotalPages")), unreadable)


def _answered(status: int, body: bytes, code_name: str, words_name: str) -> tuple[dict[str, Any], str, str]:
    """An answer that bears a code of Pull's own, that code and its words; raises what any other answer means."""
    answer = read_object(body)
    if answer is None:
        raise unreadable(status, body)
    code = as_code(answer.get(code_name)) or as_code(answer.get("ResponseCode"))
    if not (200 <= status < 300 and code):
        raise refusal_of(Channel.PULL, status, body, answer)
    words = answer.get(words_name) or answer.get("ResponseDescription")
    return answer, code, as_words(words)


def _no(status: int, code: str, words: str) -> DarajaError:
    entry = look_up(Channel.PULL, code, words)
    if code.startswith("5"):
        return AnswerLost(f"no definite answer: {code}", code=code, message=words, http_status=status)
    return Refused(code=code, message=words, http_status=status, cause=entry.cause)


def _rows(value: object, depth: int = 0) -> Iterator[object]:
    """Every row, however it is wrapped; what is no row comes as it is, to be counted."""
    if isinstance(value, list) and depth < _DEEPEST:
        for inner in value:
            yield from _rows(inner, depth + 1)
    elif value is not None and value != {}:
        yield value


def _payment(row: object) -> PulledPayment | None:
    if not isinstance(row, dict):
        return None
    told = {str(name).lower(): value for name, value in row.items()}
    receipt = as_identifier(told.get("transactionid")).upper()
    amount = as_amount(told.get("amount"))
    if not receipt.isalnum() or len(receipt) > _LONGEST_RECEIPT or amount is None or amount <= 0:
        return None
    msisdn, msisdn_kind = read_msisdn(told.get("msisdn"))
    return PulledPayment(
        receipt=receipt,
        amount=amount,
        paid_at=from_text(as_typed(told.get("trxdate")).strip()),
        bill_reference=as_typed(told.get("billreference")),
        transaction_type=as_words(told.get("transactiontype")),
        organization_name=as_words(told.get("organizationname")),
        msisdn=msisdn,
        msisdn_kind=msisdn_kind,
        sender=as_typed(told.get("sender")).strip(),
    )


def _pages(value: object) -> int | None:
    code = as_code(value)
    pages = int(code) if code.isdecimal() else 0
    return pages if 0 < pages <= _MOST_PAGES else None
