"""Posting callbacks to whoever gave a CallBackURL: once, never again by itself, no redirect followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from ssl import SSLContext

import httpx
import structlog

from daraja.simulator.payloads import callback_body, success_items
from daraja.simulator.prompts import Prompt
from daraja.simulator.scenarios import Ending

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One callback that was posted. `status` is None and `error` the kind of failure when no answer came."""

    at: datetime
    checkout_request_id: str = field(repr=False)
    result_code: str
    status: int | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """How a listener took what was posted. `status` is None and `error` the kind of failure when no answer came."""

    status: int | None
    error: str = ""
    text: str = field(default="", repr=False)


class CallbackSender:
    """Posts callbacks. Without an `http` client it keeps one of its own, closed by `aclose`."""

    def __init__(
        self,
        http: httpx.AsyncClient | None,
        clock: Callable[[], datetime],
        *,
        timeout_s: float,
        masked_phone: bool,
    ) -> None:
        self._http = http
        self._own: httpx.AsyncClient | None = None
        self._clock = clock
        self._timeout_s = timeout_s
        self._masked_phone = masked_phone
        self.deliveries: list[Delivery] = []

    async def send(self, prompt: Prompt, ending: Ending) -> None:
        """Post one callback and note how it went; a listener's failure never raises."""
        request = prompt.request
        answered = await self.post(request.callback_url, self._body(prompt, ending), request.shortcode)
        status, error = answered.status, answered.error
        self.deliveries.append(
            Delivery(self._clock(), prompt.checkout_request_id, ending.code, status=status, error=error)
        )
        log.info(
            "callback posted",
            merchant_request_id=prompt.merchant_request_id,
            result_code=ending.code,
            status=status,
            error=error,
        )

    async def post(self, url: str, body: str, shortcode: str) -> Answered:
        """Post any report to a listener, as M-PESA does; whatever goes wrong there never raises."""
        headers = {"content-type": "application/json;charset=UTF-8", "businessshortcode": shortcode}
        try:
            answer = await self._client().post(
                url,
                content=body,
                headers=headers,
                follow_redirects=False,
                timeout=httpx.Timeout(self._timeout_s, pool=None),
            )
        except Exception as error:  # whatever breaks at the listener's end is no concern of M-PESA's
            return Answered(None, type(error).__name__)
        return Answered(answer.status_code, text=answer.text)

    async def aclose(self) -> None:
        """Close the client, if it is its own."""
        own, self._own = self._own, None
        if own is not None:
            await own.aclose()

    def _body(self, prompt: Prompt, ending: Ending) -> str:
        items = None
        if prompt.movement is not None and ending.paid:
            moved = prompt.movement
            items = success_items(
                moved.amount_kes, moved.receipt, moved.at, moved.msisdn, masked=self._masked_phone
            )
        return callback_body(prompt.merchant_request_id, prompt.checkout_request_id, ending, items)

    def _client(self) -> httpx.AsyncClient:
        if self._http is not None:
            return self._http
        if self._own is None:
            limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
            self._own = httpx.AsyncClient(limits=limits, trust_env=False, verify=_trust())
        return self._own


@cache
def _trust() -> SSLContext:
    """Read once for all simulators of a process: the list of authorities takes longer than a callback."""
    return httpx.create_ssl_context(trust_env=False)
