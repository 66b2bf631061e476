"""Clients that misread what M-PESA answers, and catalogues that misread its codes. Each is ours with one fault."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from daraja import (
    AnswerLost,
    Channel,
    DarajaClient,
    Entry,
    Refused,
    StkAccepted,
    StkQueryResult,
    Turn,
    look_up,
)


class TakesAny200(DarajaClient):
    """HTTP 200 is a yes."""

    async def stk_push(self, **fields: Any) -> StkAccepted:
        try:
            return await super().stk_push(**fields)
        except Refused as refusal:
            if refusal.http_status != 200:
                raise
            return StkAccepted("", "ws_CO_0", refusal.message, "")


class ReturnsErrors(DarajaClient):
    """An answer is an answer."""

    async def stk_push(self, **fields: Any) -> StkAccepted:
        try:
            return await super().stk_push(**fields)
        except Refused as refusal:
            return StkAccepted("", "", refusal.message, "")


class ShowsItsJsonReader(DarajaClient):
    """A gateway's page is a fault of the JSON reader."""

    async def stk_push(self, **fields: Any) -> StkAccepted:
        try:
            return await super().stk_push(**fields)
        except AnswerLost:
            raise json.JSONDecodeError("Expecting value", "", 0) from None


class TellsTheUrlOnly(DarajaClient):
    """What went wrong is the address."""

    async def stk_push(self, **fields: Any) -> StkAccepted:
        try:
            return await super().stk_push(**fields)
        except Refused as error:
            words = "Server error '500' for url '/mpesa/stkpush/v1/processrequest'"
            raise Refused(code="", message=words, http_status=error.http_status) from None


class RingsAtOnce(DarajaClient):
    """Whatever was refused may be tried again at once."""

    async def stk_push(self, **fields: Any) -> StkAccepted:
        try:
            return await super().stk_push(**fields)
        except Refused as refusal:
            refusal.retry_after_s, refusal.safe_to_retry = 0, True
            raise


class CannotAsk(DarajaClient):
    """Has no query."""

    async def stk_query(self, checkout_request_id: str) -> StkQueryResult:
        raise AttributeError("stk_query")


class WaitsForTheCallback(DarajaClient):
    """Knows nothing that no callback told it."""

    async def stk_query(self, checkout_request_id: str) -> StkQueryResult:
        return StkQueryResult("pending", "4999", "")


class PendingIsAnError(DarajaClient):
    """Raises on every errorCode."""

    async def stk_query(self, checkout_request_id: str) -> StkQueryResult:
        result = await super().stk_query(checkout_request_id)
        if result.result_code.startswith("500"):
            raise Refused(code=result.result_code, message=result.result_desc, http_status=500)
        return result


class PendingIsAFailure(DarajaClient):
    """What is not 0 has failed."""

    async def stk_query(self, checkout_request_id: str) -> StkQueryResult:
        result = await super().stk_query(checkout_request_id)
        return result if result.outcome == "paid" else replace(result, outcome="failed")


def _nobody_knows(channel: Channel, code: str) -> Entry:
    return Entry(channel, code, "unknown", Turn.SCHOOL, False, "unknown", None, "")


def knows_no_code(channel: Channel, code: str, message: str = "") -> Entry:
    """Passes the text through."""
    return _nobody_knows(channel, code)


def counts_codes(channel: Channel, code: str, message: str = "") -> Entry:
    """Codes are numbers."""
    return look_up(channel, code, message) if code.isdecimal() else _nobody_knows(channel, code)


def reads_no_words(channel: Channel, code: str, message: str = "") -> Entry:
    """One code, one meaning."""
    return look_up(channel, code)


def knows_one_channel(channel: Channel, code: str, message: str = "") -> Entry:
    """A code means the same everywhere."""
    return look_up(Channel.CALLBACK, code, message)


def knows_the_page_only(channel: Channel, code: str, message: str = "") -> Entry:
    """Has never seen a log."""
    seen = code in {"500.001.1001", "500.003.1001", "SFC_IC0003"}
    return _nobody_knows(channel, code) if seen else look_up(channel, code, message)


def gives_no_advice(channel: Channel, code: str, message: str = "") -> Entry:
    """Says what happened, and not what to do."""
    return replace(look_up(channel, code, message), turn=Turn.NOBODY, retry_after_s=None)
