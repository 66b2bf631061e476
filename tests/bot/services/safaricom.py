"""M-PESA on the other end of the wire: answers our client's calls as it is told, and counts what reached it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx
from aiohttp.client_reqrep import ConnectionKey

PROCESSED = "The service request is processed successfully."


@dataclass(frozen=True, slots=True)
class PushAnswer:
    """How a push is answered.

    how: accepted; error (`code` and `words` under `status`); not_zero (a ResponseCode of `code`); lost (no
    answer); gateway (a page of HTML); never (no connection); stale (the token is refused once); stale_and_down
    (the token is refused, and there is no new one); killed (our process ends before the answer).
    """

    how: str = "accepted"
    code: str = ""
    words: str = ""
    status: int = 500


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """How a query is answered. how: result (a ResultCode), error (an errorCode under `status`), or lost."""

    how: str = "result"
    code: str = "4999"
    words: str = ""
    status: int = 500


ACCEPTED = PushAnswer()
PENDING = QueryAnswer()
PAID = QueryAnswer(code="0")
UNDECIDED = QueryAnswer("error", "500.001.1001", "The transaction is being processed")


@dataclass(frozen=True, slots=True)
class SeenPush:
    """One push as it went over the wire. checkout: the id that M-PESA gave it, told to us or not."""

    amount_kes: int
    phone: str
    callback_url: str
    checkout: str

    @property
    def token(self) -> str:
        """The secret end of the CallBackURL."""
        return self.callback_url.rpartition("/")[2]


class Safaricom(httpx.AsyncBaseTransport):
    """The HTTP seam of a DarajaClient. Pushes are told apart by their amount, queries by their id."""

    def __init__(self) -> None:
        self.pushes: list[SeenPush] = []
        self.posts: Counter[int] = Counter()  # by amount, refused tokens included
        self.answered: list[tuple[int, str, PushAnswer]] = []  # (amount, checkout, how), once a push
        self.queries: list[tuple[str, QueryAnswer]] = []
        self.push_answers: dict[int, PushAnswer] = {}
        self.query_answers: dict[str, QueryAnswer] = {}
        self.meanwhile: Callable[[SeenPush], Awaitable[None]] | None = None
        self.reached = asyncio.Event()
        self.down = False
        self.line = (
            ""  # how every call but OAuth's is turned away: token_refused or firewall; "" when it is not
        )
        self.turned_away: list[str] = []  # push, query or probe
        self.probes = 0
        self.probing: Callable[[], Awaitable[object]] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One call of our client."""
        if "/oauth/" in request.url.path:
            return _page(500) if self.down else _json(200, {"access_token": "a" * 28, "expires_in": "3599"})
        body = json.loads(request.content)
        what = "query" if "stkpushquery" in request.url.path else "push" if body else "probe"
        if what == "probe":
            self.probes += 1
            if self.probing is not None:
                await self.probing()
        if self.line:
            self.turned_away.append(what)
            return _turned_away(self.line)
        if what == "probe":
            return _error(400, "400.002.02", "Bad Request - Invalid BusinessShortCode")
        if what == "query":
            return self._query(str(body["CheckoutRequestID"]), request)
        return await self._push(body, request)

    def last(self) -> SeenPush:
        """The newest push."""
        return self.pushes[-1]

    async def _push(self, body: dict[str, Any], request: httpx.Request) -> httpx.Response:
        amount = int(body["Amount"])
        answer = self.push_answers.get(amount, ACCEPTED)
        if answer.how == "never":
            self.answered.append((amount, "", answer))
            raise _no_connection(request)
        self.posts[amount] += 1
        if answer.how.startswith("stale") and self.posts[amount] == 1:
            return self._refuse_token(amount, answer)
        checkout = f"ws_CO_{len(self.pushes) + 1:09}"
        seen = SeenPush(amount, str(body["PhoneNumber"]), str(body["CallBackURL"]), checkout)
        self.pushes.append(seen)
        if self.meanwhile is not None:
            await self.meanwhile(seen)
        self.reached.set()
        if answer.how == "killed":
            await asyncio.Event().wait()
        self.answered.append((amount, checkout, answer))
        return _push_answer(answer, checkout, request)

    def _refuse_token(self, amount: int, answer: PushAnswer) -> httpx.Response:
        self.down = answer.how == "stale_and_down"
        if self.down:
            self.answered.append((amount, "", answer))
        return _error(404, "404.001.03", "Invalid Access Token")

    def _query(self, checkout: str, request: httpx.Request) -> httpx.Response:
        answer = self.query_answers.get(checkout, PENDING)
        self.queries.append((checkout, answer))
        if answer.how == "lost":
            raise httpx.ReadTimeout("no answer", request=request)
        if answer.how == "error":
            return _error(answer.status, answer.code, answer.words)
        return _json(
            200,
            {
                "ResponseCode": "0",
                "ResponseDescription": "accepted",
                "MerchantRequestID": "29115-34620561-1",
                "CheckoutRequestID": checkout,
                "ResultCode": answer.code,
                "ResultDesc": answer.words,
            },
        )


def callback_body(
    checkout: str, code: str = "0", *, number: str | None = None, amount: float | None = None
) -> bytes:
    """A callback as the wire carries it; number and amount only where they are given."""
    told: dict[str, Any] = {
        "MerchantRequestID": "29115-34620561-1",
        "CheckoutRequestID": checkout,
        "ResultCode": int(code) if code.isdigit() else code,
        "ResultDesc": PROCESSED if code == "0" else "as the wire says",
    }
    items: list[dict[str, Any]] = [{"Name": "Balance"}]
    if number is not None:
        items.append({"Name": "MpesaReceiptNumber", "Value": number})
    if amount is not None:
        items.append({"Name": "Amount", "Value": amount})
    if code == "0":
        told["CallbackMetadata"] = {"Item": items}
    return json.dumps({"Body": {"stkCallback": told}}).encode()


def _push_answer(answer: PushAnswer, checkout: str, request: httpx.Request) -> httpx.Response:
    if answer.how == "lost":
        raise httpx.ReadTimeout("no answer", request=request)
    if answer.how == "gateway":
        return _page(502)
    if answer.how == "error":
        return _error(answer.status, answer.code, answer.words)
    code = answer.code if answer.how == "not_zero" else "0"
    return _json(
        200,
        {
            "MerchantRequestID": "29115-34620561-1",
            "CheckoutRequestID": checkout,
            "ResponseCode": code,
            "ResponseDescription": "Success" if code == "0" else "Not accepted",
            "CustomerMessage": "",
        },
    )


def _turned_away(how: str) -> httpx.Response:
    if how == "firewall":
        return httpx.Response(403, html="<html>Request unsuccessful. Incapsula incident ID: 7-1</html>")
    return _error(404, "404.001.03", "Invalid Access Token")


def _no_connection(request: httpx.Request) -> httpx.ConnectError:
    key = ConnectionKey("127.0.0.1", 9, False, True, None, None, None)
    error = httpx.ConnectError("no connection", request=request)
    error.__cause__ = aiohttp.ClientConnectorError(key, OSError(111, "refused"))
    return error


def _error(status: int, code: str, words: str) -> httpx.Response:
    return _json(status, {"requestId": "1-2-3", "errorCode": code, "errorMessage": words})


def _json(status: int, body: dict[str, Any]) -> httpx.Response:
    return httpx.Response(status, json=body)


def _page(status: int) -> httpx.Response:
    return httpx.Response(status, html="<html>Bad Gateway</html>")
