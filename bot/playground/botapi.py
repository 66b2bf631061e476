"""A stand-in for Telegram's Bot API: the methods Karo uses, Telegram's own errors, and the people behind it.

`BotApi.app` is the ASGI app, `BotApi.person` gives somebody to play, and `BotApiServer` puts it on a port.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.playground.faults import ApiError, Fault, Faults, too_many_requests
from bot.playground.methods import BotMethods
from bot.playground.person import WAIT_S, Person
from bot.playground.serving import serving
from bot.playground.signals import Signal
from bot.playground.wire import HalfAnswer, answer, gateway_page, parameters_of, refusal

Json = dict[str, Any]

#: Obviously invented; no bot has it.
PLAYGROUND_TOKEN = "7000000000:Karo-Playground_Not-A-Real-Bot_0001"  # noqa: S105


def utc_now() -> datetime:
    """The clock when none is given."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Call:
    """One call that reached a method: its name as it was spelled, its parameters parsed."""

    method: str
    parameters: Json = field(repr=False)


class BotApi:
    """The HTTP side: who may call, what is scripted to go wrong, and what was called."""

    def __init__(
        self,
        token: str = PLAYGROUND_TOKEN,
        *,
        username: str = "karo_playground_bot",
        clock: Callable[[], datetime] = utc_now,
        per_second: int = 30,
    ) -> None:
        """per_second: how many messages and edits any one second may hold before 429."""
        self.token = token
        self.calls: list[Call] = []
        self.app = Starlette(routes=[Route("/bot{token}/{method}", self._called, methods=["GET", "POST"])])
        self._signal = Signal()
        self._faults = Faults()
        self._closed = asyncio.Event()
        me = {"id": int(token.partition(":")[0]), "is_bot": True, "first_name": "Karo", "username": username}
        self._bot = BotMethods(me, clock, per_second, self._signal)

    def person(self, user_id: int, first_name: str = "Mzazi", phone: str = "254700000000") -> Person:
        """Somebody with a phone; the same id is the same person. The bot can write once they have written."""
        return self._bot.person(user_id, first_name, phone)

    def fail_next(
        self,
        method: str,
        *,
        status: int | None = None,
        description: str = "Bad Gateway",
        retry_after: int | None = None,
        drop_after_accept: bool = False,
        delay_s: float = 0.0,
        html: bool = False,
        times: int = 1,
    ) -> None:
        """Let the next calls of a method go wrong.

        status or retry_after (429): refused. drop_after_accept: done, but the connection breaks amid
        the answer. delay_s: done, but answered late. html: not done, a gateway's page comes back.
        """
        error = ApiError(status, description) if status is not None else None
        if retry_after is not None:
            error = too_many_requests(retry_after)
        self._faults.add(method, Fault(error, drop_after_accept, delay_s, html), times)

    @property
    def unconfirmed(self) -> list[int]:
        """The ids of the updates that nobody confirmed yet, oldest first."""
        return [update["update_id"] for update in self._bot.updates.unconfirmed]

    @property
    def commands(self) -> dict[str, list[Json]]:
        """The commands that were set, by language code ("" for everybody else)."""
        return self._bot.commands

    def calls_of(self, method: str) -> list[Json]:
        """The parameters of every call of one method so far."""
        return [call.parameters for call in self.calls if call.method.lower() == method.lower()]

    def put_update(self, kind: str, content: Json) -> None:
        """An update of any kind and content, such as one from a group."""
        self._bot.updates.put(kind, content)

    @property
    def webhook_error(self) -> str:
        """Why the last update that was brought to the webhook was not taken; "" when it was."""
        return self._bot.webhook.last_error

    def hold_updates(self) -> None:
        """Bring nothing to the webhook until `bring_updates`."""
        self._bot.webhook.held = True

    def bring_updates(self, *, backwards: bool = False, copies: int = 1) -> None:
        """Bring what waits to the webhook, and from now on whatever comes.

        backwards: the newest first. copies: each so often at the same time, as after lost answers.
        """
        self._bot.webhook.bring(backwards=backwards, copies=copies)

    async def until(self, condition: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
        """Wait until something is true of calls, updates or phones. Raises TimeoutError."""
        await self._signal.until(condition, timeout_s)

    def close(self) -> None:
        """Answer whoever still waits: long polls and late answers."""
        self._closed.set()
        self._bot.updates.close()

    async def end(self) -> None:
        """`close`, and bring nothing to the webhook any more."""
        self.close()
        await self._bot.webhook.close()

    async def _called(self, request: Request) -> Response:
        method = request.path_params["method"]
        try:
            if request.path_params["token"] != self.token:
                raise ApiError(401, "Unauthorized")
            if method.lower() not in self._bot.table:
                raise ApiError(404, "Not Found")
            return await self._answered(method, await parameters_of(request))
        except ApiError as error:
            return refusal(error)

    async def _answered(self, method: str, parameters: Json) -> Response:
        self.calls.append(Call(method, parameters))
        self._signal.ring()
        fault = self._faults.take(method)
        if fault.html:
            return gateway_page(fault.error.status if fault.error else 502)
        if fault.error is not None:
            raise fault.error
        result = await self._bot.table[method.lower()](parameters)
        self._signal.ring()
        if fault.delay_s:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), fault.delay_s)
        return HalfAnswer() if fault.drop_after_accept else answer(result)


class BotApiServer:
    """`async with BotApiServer(api) as server:` serves the stand-in on this machine, at `server.url`."""

    def __init__(self, api: BotApi | None = None, *, port: int = 0) -> None:
        """port 0: any free one."""
        self.api = api or BotApi()
        self.url = ""
        self._served = serving(self.api.app, port)

    async def __aenter__(self) -> Self:
        """Listen. Raises OSError when the port is taken."""
        self.url = await self._served.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let waiting readers go, then stop listening."""
        await self.api.end()
        await self._served.__aexit__(kind, error, trace)
